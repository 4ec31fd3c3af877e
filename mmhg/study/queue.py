"""Train what a study asks for, several trainings side by side, each in a process of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import torch

from mmhg.benchmark.report import machine
from mmhg.errors import InputError
from mmhg.study.plan import Run
from mmhg.utils.files import read_json, write_json, write_text

RECORD = "record.json"
LOG = "train.log"
_POLL_SECONDS = 0.2


def train_all(runs: Sequence[Run], work_dir: Path, jobs: int | None = None) -> list[str]:
    """Train what is not finished yet, with one line for each start and end.

    A training that was cut goes on from its last checkpoint. One that another process trains is
    passed over. A training that fails does not end the others.

    Args:
        runs: Of a study.
        work_dir: The study's; each training has a folder below it.
        jobs: How many trainings side by side; None for one per GPU, or per core without one. Each
            has one GPU, or one thread, for itself.

    Returns:
        What is missing, one sentence for each training.

    Raises:
        InputError: A folder has a training with other settings.
    """
    places = range(jobs or torch.cuda.device_count() or len(os.sched_getaffinity(0)))
    waiting = [run for run in runs if not _finished(run, work_dir)]
    running: dict[int, _Training] = {}
    missing: list[str] = []
    try:
        while waiting or running:
            for place in places:
                if waiting and place not in running:
                    run = waiting.pop(0)
                    try:
                        running[place] = _Training.start(run, work_dir, place)
                        print(f"{run.name}: started", flush=True)
                    except BlockingIOError:
                        missing.append(f"{run.name}: another process trains it")
            time.sleep(_POLL_SECONDS)
            for place, training in list(running.items()):
                if (status := training.process.poll()) is not None:
                    del running[place]
                    missing += training.finish(status)
    finally:
        for training in running.values():
            training.stop()
    return missing


def command(config: Path, folder: Path) -> list[str]:
    """Return the command that trains a config in a folder, or goes on there."""
    words = [sys.executable, "-m", "mmhg_cli", "train", str(config)]
    return [*words, "--resume", "--work-dir", str(folder)]


def read_record(folder: Path) -> dict[str, Any]:
    """Return what is noted of a training, empty if nothing is."""
    path = folder / RECORD
    return read_json(path) if path.is_file() else {}


def _config_of(run: Run, folder: Path) -> Path:
    """Return the file of a training's config, which tells what the folder's files are of."""
    return folder / "settings" / run.config.name


def _finished(run: Run, work_dir: Path) -> bool:
    """Tell if a training is at its end.

    Raises:
        InputError: Its folder has a training with other settings.
    """
    folder = work_dir / run.folder
    record = read_record(folder)
    config = _config_of(run, folder)
    if record and (not config.is_file() or config.read_text(encoding="utf-8") != run.text()):
        raise InputError(
            f"{folder} has a training with other settings than the study asks for now. Remove the "
            "folder, or name another --work-dir"
        )
    return "scores" in record


@dataclass
class _Training:
    """A training that runs."""

    run: Run
    folder: Path
    process: subprocess.Popen[bytes]
    lock: IO[str]
    record: dict[str, Any]
    began: float

    @classmethod
    def start(cls, run: Run, work_dir: Path, place: int) -> _Training:
        """Start or continue a training.

        Raises:
            BlockingIOError: Another process holds the folder.
        """
        folder = work_dir / run.folder
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / "lock", "w")  # noqa: SIM115  held until the training ends
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise
        record = read_record(folder) or {
            "row": run.row,
            "seed": run.seed,
            "config": run.config.name,
            "options": dict(run.options),
            "hours": 0.0,
        }
        config = _config_of(run, folder)
        config.parent.mkdir(exist_ok=True)
        write_text(config, run.text())
        write_json(folder / RECORD, record | {"machine": machine()})
        with open(folder / LOG, "a") as log:
            process = subprocess.Popen(
                command(config, folder),
                env=_environment(place),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock.fileno()],  # holds the folder, if it outlives this process
                start_new_session=True,
            )
        return cls(run, folder, process, lock, record, time.monotonic())

    def finish(self, status: int) -> list[str]:
        """Note the scores; return what is missing."""
        self._note_hours()
        self.lock.close()
        results = _results(self.folder) if status == 0 else {}
        if "weights" not in results:  # which the validation after the last step alone states
            print(f"{self.run.name}: failed, see {self.folder / LOG}", flush=True)
            return [f"{self.run.name}: failed, see {self.folder / LOG}"]
        scores = {key: value for key, value in results.items() if type(value) in (int, float)}
        write_json(
            self.folder / RECORD,
            read_record(self.folder) | {"scores": scores, "weights": results["weights"]},
        )
        print(f"{self.run.name}: finished", flush=True)
        return []

    def stop(self) -> None:
        """End the process with its data loaders, which may outlive it."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()
        self._note_hours()
        self.lock.close()

    def _note_hours(self) -> None:
        hours = self.record["hours"] + (time.monotonic() - self.began) / 3600
        write_json(self.folder / RECORD, read_record(self.folder) | {"hours": hours})


def _environment(place: int) -> dict[str, str]:
    """Give a training one GPU, or one thread."""
    gpus = torch.cuda.device_count()
    if not gpus:
        return os.environ | {"OMP_NUM_THREADS": "1"}
    visible = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(gpus)))
    return os.environ | {"CUDA_VISIBLE_DEVICES": visible.split(",")[place % gpus]}


def _results(folder: Path) -> dict[str, Any]:
    path = folder / "results.json"
    return read_json(path) if path.is_file() else {}
