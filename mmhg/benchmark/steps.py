"""Run steps one after the other, write each result as it comes, and go on where it was cut."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from mmhg.errors import InputError
from mmhg.utils.files import read_json, write_json

Report = dict[str, Any]
"""`machine`, and `steps` by name: `state` (`to do`, `started`, `failed`, `done`), `settings` (a
hash), then `result` or `error`, and `seconds`."""


@dataclass(frozen=True)
class Step:
    """Describe a step.

    Attributes:
        name: Name in the report; its folder has the same, with dashes.
        run: Takes the step's folder and the settings, returns what JSON can hold. Where it is to
            resume, it continues from what it left in the folder.
        settings: Arguments of `run`. After a change of one the step begins anew.
    """

    name: str
    run: Callable[..., dict[str, Any]]
    settings: Mapping[str, Any] = field(default_factory=dict)


def run_steps(
    steps: Sequence[Step],
    folder: Path,
    machine: Mapping[str, str],
    write_page: Callable[[Report], None],
    *,
    only: Collection[str] | None = None,
    isolated: bool = True,
) -> Report:
    """Run the steps that are not done yet, and keep `results.json` and a page up to date.

    A step that fails does not end the others. A failed step, and one that was cut, runs again at
    the next call, in the same folder; a step with other settings, or on another machine, begins
    anew. Results of steps that are not among `steps` stay, unless the machine is another.

    Args:
        steps: In their order.
        folder: For the results; each step has a folder of its own in it.
        machine: What the results depend on besides the settings.
        write_page: Writes the report for readers; called whenever it has changed.
        only: Names of the steps to run now; None runs all.
        isolated: Give each step a process of its own: a crash ends that step alone, and its memory
            is free again afterwards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "results.json"
    before = read_json(file) if file.exists() else {}
    known = before.get("steps", {}) if before.get("machine") == dict(machine) else {}
    report: Report = {"machine": dict(machine), "steps": {}}
    for step in steps:
        key = _key(step)
        of_step = known.pop(step.name, {})
        if of_step.get("settings") != key:
            shutil.rmtree(_folder(folder, step), ignore_errors=True)
            of_step = {"state": "to do", "settings": key}
        report["steps"][step.name] = of_step
    report["steps"] |= known

    def note(name: str, **news: Any) -> None:
        kept = {"settings": report["steps"][name]["settings"]}
        report["steps"][name] = {**kept, **news}
        write_json(file, report)
        write_page(report)

    for step in steps:
        if only is not None and step.name not in only:
            continue
        if report["steps"][step.name]["state"] == "done":
            print(f"{step.name}: done before", file=sys.stderr, flush=True)
            continue
        print(f"{step.name} ...", file=sys.stderr, flush=True)
        note(step.name, state="started")
        begin = time.monotonic()
        place = _folder(folder, step)
        place.mkdir(exist_ok=True)
        news = (_apart if isolated else _run)(step, place)
        seconds = round(time.monotonic() - begin, 1)
        note(step.name, **news, seconds=seconds)
        why = f": {news['error']}" if "error" in news else ""
        print(f"{step.name}: {news['state']}, {seconds:.0f} s{why}", file=sys.stderr, flush=True)
    return report


def _run(step: Step, folder: Path) -> dict[str, Any]:
    """Run a step here, and return its state with its result or error."""
    try:
        return {"state": "done", "result": step.run(folder, **step.settings)}
    except InputError as error:
        return {"state": "failed", "error": str(error)}
    except Exception:  # of whatever library: the other steps can still tell something
        return {"state": "failed", "error": traceback.format_exc()[-4000:]}


def _apart(step: Step, folder: Path) -> dict[str, Any]:
    """Run a step in a process forked from one that has imported everything but used no GPU."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__, step.run.__module__])
    with ProcessPoolExecutor(1, mp_context=context) as process:
        try:
            return process.submit(_run, step, folder).result()
        except BrokenProcessPool:
            return {"state": "failed", "error": "its process was killed; is there enough memory?"}


def _folder(folder: Path, step: Step) -> Path:
    return folder / re.sub(r"[^a-z0-9_]+", "-", step.name.lower())


def _key(step: Step) -> str:
    """Identify the settings."""
    return hashlib.sha256(repr(sorted(step.settings.items())).encode()).hexdigest()[:16]
