"""Train one network in a folder of its own, with a record of what it took."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from mmhg.benchmark.report import machine
from mmhg.errors import InputError
from mmhg.utils.files import read_json, write_json
from studies.lspet_peers.networks import config_path

ROOT = Path(__file__).parents[2]
RECORD = "record.json"
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    # glibc would give large activations back to the system at every step.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
}


class Busy(Exception):
    """Another process trains in the folder."""


class TrainingFailed(Exception):
    """The training ended with an error; the message names its log."""


def train(
    name: str,
    folder: Path,
    data_root: Path,
    options: Mapping[str, Any],
    flags: Sequence[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Train a network on one thread, and return the folder's record.

    The record has `facts`, the command, the machine and, for each attempt, its seconds. CPU seconds
    are those of the training and its data loader's processes.

    Args:
        name: Network of the study.
        folder: Work directory. A training that was cut there goes on with `--resume` in `flags`.
        data_root: LSPET: `joints.mat` and `images`.
        options: Settings that differ from the config.
        flags: More flags of `mmhg train`.
        facts: More entries for the record.

    Raises:
        Busy: Another process trains there.
        TrainingFailed: The training failed; its messages are in `train.log`.
        InputError: There is no data set at `data_root`.
    """
    if not (data_root / "joints.mat").is_file():
        raise InputError(f"{data_root} is not LSPET: it has no joints.mat")
    splits = ["train"] if "--no-validate" in flags else ["train", "val", "test"]
    loaders: dict[str, Any] = {}
    for split in splits:
        loaders[f"{split}_dataloader.dataset.data_root"] = f"{data_root.resolve()}/"
        loaders[f"{split}_dataloader.num_workers"] = 1
    settings = [f"{key}={value}" for key, value in (loaders | dict(options)).items()]
    command = [sys.executable, "-m", "mmhg_cli", "train", str(config_path(name))]
    command += ["--work-dir", str(folder), *flags, "--cfg-options", *settings]
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder) as lock:
        record = read_record(folder) | dict(facts or {})
        record |= {"command": describe(command, data_root, folder), "machine": machine()}
        record.setdefault("attempts", [])
        attempt: dict[str, Any] = {
            "began": datetime.now(timezone.utc).isoformat(timespec="seconds")
        }
        record["attempts"].append(attempt)
        write_json(folder / RECORD, record)
        begin, before = time.monotonic(), cpu_seconds()
        try:
            status = run(command, folder / "train.log", lock)
        finally:
            attempt["seconds"] = round(time.monotonic() - begin, 1)
            attempt["cpu_seconds"] = round(cpu_seconds() - before, 1)
            write_json(folder / RECORD, record)
    if status:
        raise TrainingFailed(f"{name}: the training failed, see {folder / 'train.log'}")
    return record


def read_record(folder: Path) -> dict[str, Any]:
    """Return the folder's record, empty if there is none."""
    path = folder / RECORD
    return read_json(path) if path.is_file() else {}


def describe(command: Sequence[str], data_root: Path, folder: Path) -> str:
    """Write a command as one can call it on another machine, from the root of the repository."""
    text = " ".join(["python", *command[1:]])
    places = {f"{ROOT}/": "", f"{data_root.resolve()}/": "LSPET/", str(folder): "WORK_DIR"}
    for place, name in places.items():
        text = text.replace(place, name)
    return text


@contextmanager
def locked(folder: Path) -> Iterator[IO[str]]:
    """Hold a lock on the folder, which a training that outlives this process keeps.

    Raises:
        Busy: Another process holds it.
    """
    with open(folder / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"another process trains in {folder}") from None
        yield file


def run(command: Sequence[str], log: Path, lock: IO[str]) -> int:
    """Run a training to its end, append its messages to `log`, and return its status."""
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(ROOT)}
    with (
        open(log, "a") as messages,
        subprocess.Popen(
            command,
            env=environment,
            stdout=messages,
            stderr=subprocess.STDOUT,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        ) as process,
    ):
        try:
            return process.wait()
        finally:
            # Its data loader's process too, which outlives a killed training, with the lock. Not
            # SIGINT, which processes in the background may ignore.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def cpu_seconds() -> float:
    """Return the CPU time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def read_scalars(folder: Path) -> list[dict[str, float]]:
    """Return what the folder's trainings logged every 50 steps, the oldest first."""
    lines = [
        line
        for path in sorted(folder.glob("*/vis_data/scalars.json"))
        for line in path.read_text().splitlines()
    ]
    return [entry for entry in map(json.loads, lines) if "loss" in entry]
