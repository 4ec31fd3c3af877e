"""Find the checkpoint of a training that its user wants: the best, else the last."""

from __future__ import annotations

import re
from pathlib import Path

from mmengine.config import Config

_BEST = re.compile(r"best_.+_(?:epoch|iter)_(\d+)\.pth")
_REGULAR = re.compile(r"(?:epoch|iter)_(\d+)\.pth")


def work_dir_of(config: Config) -> Path | None:
    """Return where `mmhg train` writes, unless `--work-dir` says otherwise."""
    if config.get("work_dir"):
        return Path(config.work_dir)
    return Path("work_dirs", Path(config.filename).stem) if config.filename else None


def trained_checkpoint(folder: Path | None) -> Path | None:
    """Return the best checkpoint of a work folder, else the last, or None if there is none.

    The names tell: `best_EPE_epoch_80.pth` was the best when it was written. Of several, for
    several scores, it is the one of the latest epoch.
    """
    files = sorted(folder.iterdir()) if folder and folder.is_dir() else []
    for pattern in (_BEST, _REGULAR):
        found = [(int(match[1]), file) for file in files if (match := pattern.fullmatch(file.name))]
        if found:
            return max(found)[1]
    return None
