"""Train the study's networks one after the other: `python -m studies.lspet_peers.run`.

Trainings that are finished are skipped, those that were cut go on from their last epoch. First each
network's learning rate is chosen, then come the seeds, in rounds: whatever time there is, the first
round is complete before the second begins. Lite-HRNet, which takes as long as six others, comes
last. A second process may be started with the same folder; it takes what the
first one does not train.
"""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmhg.errors import InputError
from mmhg.utils.files import read_json, write_json
from studies.lspet_peers.networks import NETWORKS, OTHERS, OURS, config_path
from studies.lspet_peers.rates import STEPS, choose_rate, rate_options
from studies.lspet_peers.training import (
    RECORD,
    Busy,
    TrainingFailed,
    read_record,
    train,
)

SEEDS = (0, 1, 2)
EPOCHS = 8
HOURS = 6.0
STEPS_PER_EPOCH = 563
"""Of 9,000 people in batches of 16; for estimates."""
SECONDS_PER_STEP = {"hg4": 0.29, "hrnet": 0.38, "mobilenet_v2": 0.38, "lite_hrnet": 1.35}
"""Measured on one core (README.md); 0.24 for the others. For estimates ahead of the first step."""
PROBES = 3
"""Probes that a search of the learning rate takes, at least."""
SLOWEST = "lite_hrnet"
SCORES = ("PCK@0.2", "AUC")


@dataclass(frozen=True)
class Study:
    """Say where the study lies and how long its trainings are."""

    data_root: Path
    work_dir: Path
    epochs: int = EPOCHS

    def folder(self, name: str, seed: int) -> Path:
        """Return the work directory of a training."""
        return self.work_dir / name / f"seed{seed}"

    def score(self, name: str, seed: int) -> float | None:
        """Return the PCK@0.2 of a finished training, else None."""
        return read_record(self.folder(name, seed)).get("scores", {}).get(SCORES[0])

    def estimate(self, name: str) -> float:
        """Return the hours of a training, and of the search of its rate if that is not done."""
        path = self.rates(name) / "rate.json"
        steps = STEPS_PER_EPOCH * self.epochs
        if path.is_file():
            return steps * read_json(path)["seconds_per_step"] / 3600
        return (steps + PROBES * STEPS) * SECONDS_PER_STEP.get(name, 0.24) / 3600

    def rates(self, name: str) -> Path:
        """Return the folder of the search of a network's learning rate."""
        return self.work_dir / name / "rates"

    def hours(self) -> float:
        """Add up the CPU hours of all probes and trainings."""
        records = map(read_json, self.work_dir.glob(f"**/{RECORD}"))
        attempts = (attempt for record in records for attempt in record["attempts"])
        return sum(attempt.get("cpu_seconds", 0) for attempt in attempts) / 3600


def planned(study: Study, seeds: Iterable[int]) -> Iterator[tuple[str, int]]:
    """Yield networks and seeds in the order of the study.

    The best other network of the first seed is looked up when the second seed is its turn.
    """
    first, *later = seeds
    yield from ((name, first) for name in NETWORKS if name != SLOWEST)
    for seed in later:
        yield from ((name, seed) for name in OURS)
        if best := best_other(study, first):
            yield best, seed
    yield SLOWEST, first


def best_other(study: Study, seed: int) -> str | None:
    """Return the network of others with the highest PCK@0.2, None if one is not finished.

    `SLOWEST`, which comes later, is not among them.
    """
    scores = {name: study.score(name, seed) for name in OTHERS if name != SLOWEST}
    finished = {name: score for name, score in scores.items() if score is not None}
    return max(finished, key=lambda name: finished[name]) if finished == scores else None


def train_seed(study: Study, name: str, seed: int, rate: dict[str, Any]) -> dict[str, Any]:
    """Train a network to its end, and return its record.

    Raises:
        Busy: Another process trains it.
        TrainingFailed: The training failed.
    """
    folder = study.folder(name, seed)
    record = read_record(folder)
    facts = {
        "network": name,
        "config": config_path(name).name,
        "seed": seed,
        "epochs": study.epochs,
        "learning_rate": rate["learning_rate"],
    }
    if changed := {key for key in facts if record.get(key, facts[key]) != facts[key]}:
        raise InputError(
            f"{folder} holds a training with other {', '.join(sorted(changed))}. Remove it, or "
            "name another --work-dir"
        )
    options = {**rate_options(rate["learning_rate"], study.epochs), "randomness.seed": seed}
    options["train_cfg.val_interval"] = study.epochs  # the last epoch counts, not the best
    record = train(name, folder, study.data_root, options, ["--resume"], facts)
    return finish(folder, record)


def finish(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    """Complete the record of a training with its scores.

    Raises:
        TrainingFailed: It wrote no results of its last epoch.
    """
    path = folder / "results.json"
    results = read_json(path) if path.is_file() else {}
    if "weights" not in results:
        raise TrainingFailed(f"{path} has no result of the last epoch")
    record |= {
        "scores": {key: results[key] for key in SCORES},
        "weights": results["weights"],
        "steps_per_epoch": round(results["iteration"] / record["epochs"]),
    }
    write_json(folder / RECORD, record)
    return record


def main() -> int:
    """Run the queue; return 1 if a training failed, or if hours ran out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parser = ArgumentParser(prog="python -m studies.lspet_peers.run", description=__doc__)
    add = parser.add_argument
    add("--data-root", type=Path, required=True, metavar="FOLDER", help="LSPET")
    add("--work-dir", type=Path, required=True, metavar="FOLDER", help="for logs and models")
    add("--only", metavar="NAMES", help=f"of {', '.join(NETWORKS)}: these, with all seeds")
    add("--seeds", default=",".join(map(str, SEEDS)), help="default: %(default)s")
    add("--epochs", type=int, default=EPOCHS, metavar="N", help="default: %(default)s")
    add("--hours", type=float, default=HOURS, help="CPU hours in all (default: %(default)s)")
    args = parser.parse_args()
    study = Study(args.data_root, args.work_dir, args.epochs)
    seeds = [int(seed) for seed in args.seeds.split(",")]
    names = args.only.split(",") if args.only else []
    for name in names:
        config_path(name)
    queue = ((n, s) for s in seeds for n in names) if names else planned(study, seeds)
    return run_queue(study, queue, args.hours)


def run_queue(study: Study, queue: Iterable[tuple[str, int]], hours: float) -> int:
    """Train what the queue names while there is time, and say what was left out."""
    left_out: list[str] = []
    for name, seed in queue:
        title = f"{name}, seed {seed}"
        if study.score(name, seed) is not None:
            continue
        used, needed = study.hours(), study.estimate(name)
        if used + needed > hours:
            left_out.append(f"{title}: would take {needed:.1f} h, {used:.1f} of {hours} used")
            continue
        print(f"{title}: about {needed:.1f} h, {used:.1f} used", flush=True)
        try:
            rate = choose_rate(name, study.rates(name), study.data_root)
            record = train_seed(study, name, seed, rate)
            print(f"{title}: {record['scores']}", flush=True)
        except Busy as busy:
            print(f"{title}: {busy}; skipped", flush=True)
        except TrainingFailed as failure:
            left_out.append(str(failure))
            print(failure, file=sys.stderr, flush=True)
    print(f"{study.hours():.1f} CPU hours in all", flush=True)
    if left_out:
        print("left out:", *left_out, sep="\n  ")
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
