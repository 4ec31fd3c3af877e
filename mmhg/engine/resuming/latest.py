"""Find the newest checkpoint of a work folder from which a training can go on."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from mmengine.logging import print_log

from mmhg.engine.resuming.training_state import check_resumable
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint

POINTER = "last_checkpoint"
"""The file in a work folder that has the name of the last checkpoint."""

_USUAL = ("epoch_{}.pth", "iter_{}.pth")
_MODULES = ("", ".checkpoint", ".runner", "._flexible_runner")


def latest_checkpoint(path: str, *, say: bool = True) -> str | None:
    """Return the newest checkpoint of a work folder that is whole, or None if it never had one.

    It stands for mmengine's `find_latest_checkpoint`, which believes the file `last_checkpoint`.
    Here the folder's own checkpoints count, so a copied or renamed folder goes on from its own.

    Args:
        path: The work folder.
        say: Log what is passed over.

    Raises:
        InputError: There are checkpoints, or there was one, but none can be resumed from.
    """
    folder = Path(path)
    noted = _noted(folder)
    if "://" in noted:
        return noted
    found = _numbered_as(folder, noted)
    if not found and noted:
        folder = (folder / noted).parent  # `out_dir` of the checkpoint hook
        found = _numbered_as(folder, noted)
    refused = {}
    for _, candidate in sorted(found.items(), reverse=True):
        if reason := why_not_resumable(candidate):
            refused[candidate] = reason
            continue
        if say:
            _say_what_is_passed_over(candidate, refused, noted)
        return str(candidate)
    if refused:
        reasons = "; ".join(refused.values())
        raise InputError(f"no checkpoint in {folder} can be resumed from: {reasons}")
    if noted:
        raise InputError(
            f"{Path(path) / POINTER} names {noted[:200]!r}, and neither that checkpoint nor "
            "another is there. Name one with --resume CHECKPOINT, or delete the file to begin anew"
        )
    return None


def numbered(folder: Path, template: str) -> dict[int, Path]:
    """Find the files of a folder that a template such as `epoch_{}.pth` names, by their number."""
    begin, _, end = template.partition("{}")
    pattern = re.compile(rf"{re.escape(begin)}([1-9]\d{{0,17}}){re.escape(end)}")
    found = {}
    for file in folder.iterdir() if folder.is_dir() else ():
        if (match := pattern.fullmatch(file.name)) and file.is_file():
            found[int(match[1])] = file
    return found


def why_not_resumable(path: Path) -> str | None:
    """Say why no training can go on from a file: it is damaged, or of another kind."""
    try:
        check_resumable(path, read_checkpoint(path))
    except InputError as error:
        return str(error)
    return None


def use_in_mmengine() -> None:
    """Let mmengine's runners resume automatically from `latest_checkpoint`."""
    for name in _MODULES:
        module = import_module(f"mmengine.runner{name}")
        vars(module)["find_latest_checkpoint"] = latest_checkpoint


def _noted(folder: Path) -> str:
    """Read `last_checkpoint`: empty if it is missing, may be garbage."""
    path = folder / POINTER
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(4096).decode(errors="replace").strip()


def _numbered_as(folder: Path, noted: str) -> dict[int, Path]:
    """Find checkpoints that are named like the noted one, else with mmengine's usual names."""
    name = re.fullmatch(r"([^\d.][^\d]*)\d+(\D+)", Path(noted.replace("\0", "")).name)
    templates = [f"{name[1]}{{}}{name[2]}"] if name else []
    for template in (*templates, *_USUAL):
        if not template.startswith("best_") and (found := numbered(folder, template)):
            return found
    return {}


def _say_what_is_passed_over(chosen: Path, refused: Mapping[Path, str], noted: str) -> None:
    if refused:
        reasons = "; ".join(refused.values())
        print_log(f"passed over: {reasons}. {chosen} is taken", "current", logging.WARNING)
    elif Path(noted.replace("\0", "")).name != chosen.name:
        what = f"names {noted[:200]!r}" if noted else "is missing or empty"
        print_log(
            f"{POINTER} {what}; the newest checkpoint of the folder, {chosen.name}, is taken",
            "current",
            logging.WARNING,
        )
