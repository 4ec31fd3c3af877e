"""Kill a training again and again, and see whether it ends as if nobody had.

A tiny network learns the built-in figures. A driver kills the processes at random moments, half of
them while a checkpoint is written, and starts them again with `--resume` and another number of
workers. At the end everything must be as in a training that was left alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from mmhg.checkpoints.integrity import check_archive
from mmhg.datasets.formats.mpii_mat import read_release
from mmhg.datasets.mpii_converter import convert, read_split_list, write_splits
from mmhg.errors import InputError
from mmhg.synthetic import render_dataset
from mmhg.synthetic.dataset import RELEASE_NAME, VAL_LIST_NAME, Request
from mmhg.utils.table import table
from mmhg_cli import mmpose_tools  # noqa: F401  what the children need, imported once
from mmhg_cli.command_line import main as run_command

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
_base_ = "{root}/configs/hg2_synthetic_128.py"

_location = dict(data_root="{data}/")
_workers = dict(num_workers={workers}, persistent_workers={workers} > 0)
train_dataloader = dict(batch_size=4, dataset=_location, **_workers)
val_dataloader = dict(batch_size=8, dataset=_location, **_workers)
test_dataloader = val_dataloader
model = dict(backbone=dict(num_stacks=1, channels={channels}, stem_channels=(8, 8, 8)))
train_cfg = dict(max_epochs={epochs}, val_interval=1)
param_scheduler = [
    dict(type="OneCycleLR", eta_max=1e-2, total_steps={epochs}, convert_to_iter_based=True)
]
custom_hooks = [
    dict(type="EMAHook", momentum=0.1),
    dict(type="PreciseBNHook", batches=2),
]
"""


@dataclass
class Soak:
    """A soak: its settings, and what it counts.

    Args:
        folder: For data, trainings and logs.
        kills: How often to kill.
        epochs: Of a training.
        people: Training people, a multiple of 4.
        channels: Of the network.
        seed: Of the moments.
    """

    folder: Path
    kills: int
    epochs: int = 8
    people: int = 8
    channels: int = 64
    seed: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Make the data, train once undisturbed, then kill."""
        self.random = random.Random(self.seed)
        self.make_data()
        begin = time.monotonic()
        if self.wait(self.start("undisturbed", 0)) != 0:
            raise SystemExit(f"the undisturbed training failed:\n{self.log('undisturbed')}")
        self.duration = time.monotonic() - begin
        while self.counts["kills"] < self.kills:
            self.counts["trainings"] += 1
            self.one_training(f"killed_{self.counts['trainings']}")

    def make_data(self) -> None:
        """Render the figures, and convert their annotations."""
        data = self.folder / "figures"
        render_dataset(data, Request(level=1, train=self.people, val=6, test=1), workers=1)
        names = read_split_list(data / VAL_LIST_NAME)
        splits, _ = convert(read_release(data / RELEASE_NAME), names, data / VAL_LIST_NAME)
        write_splits(splits, data / "annotations")

    def one_training(self, name: str) -> None:
        """Start, kill and start again until a training is finished, and look at it."""
        while True:
            process = self.start(name, self.random.choice([0, 2]))
            status = self.wait(process, name) if self.counts["kills"] < self.kills else None
            status = self.wait(process) if status is None else status
            if status == -signal.SIGKILL:
                self.counts["kills"] += 1
                self.look_after_a_kill(self.folder / name)
            elif status == 0:
                break
            else:
                self.counts["starts that failed"] += 1
                print(f"{name}: status {status}\n{self.log(name)[-2000:]}", file=sys.stderr)
                return
        self.look_at_the_end(self.folder / name)

    def start(self, name: str, workers: int) -> Any:
        """Start a training, or let it go on."""
        settings = dict(epochs=self.epochs, channels=self.channels, workers=workers)
        config = self.folder / f"{name}.py"
        config.write_text(CONFIG.format(root=ROOT, data=self.folder / "figures", **settings))
        work = str(self.folder / name)
        words = ["train", str(config), "--work-dir", work, "--resume", "--no-preflight"]
        context = multiprocessing.get_context("fork")  # a child need not import for seconds
        log = self.folder / f"{name}.log"
        process = context.Process(target=in_child, args=(words, log))
        process.start()
        os.setpgid(process.pid, process.pid)  # as the child does, which may not have run yet
        self.counts["starts"] += 1
        return process

    def log(self, name: str) -> str:
        """Return what a training printed."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait(self, process: Any, name: str | None = None) -> int | None:
        """Wait for a process's end; kill it at a random moment if a training's name is given."""
        if name is None:
            process.join()
        elif self.random.random() < 0.5:
            process.join(self.random.uniform(0, 0.8 * self.duration))
        else:
            self.wait_for_a_writing(process, self.folder / name)
        if process.exitcode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
        status: int | None = process.exitcode
        return status

    def wait_for_a_writing(self, process: Any, work: Path) -> None:
        """Wait until the n-th file is being written, and some milliseconds into it."""
        writings, last = self.random.randint(1, 4), None
        while process.exitcode is None and writings:
            partial = next(work.glob(".*.partial*"), None)
            writings -= partial is not None and partial != last
            last = partial or last
            process.join(0.0005)
        time.sleep(self.random.uniform(0, 0.01))

    def look_after_a_kill(self, work: Path) -> None:
        """Count writings that were cut, and checkpoints that are not whole."""
        self.counts["kills within a writing"] += any(work.glob(".*.partial*"))
        self.counts["half-written files"] += sum(
            not is_whole(path) for path in work.glob("[!.]*.pth")
        )

    def look_at_the_end(self, work: Path) -> None:
        """Compare a finished training with the undisturbed one."""
        name = f"epoch_{self.epochs}.pth"
        ours, expected = (load(folder / name) for folder in (work, self.folder / "undisturbed"))
        scores, best = validated(work), ours["message_hub"]["runtime_info"]["best_score"]
        files = sorted(path.name for path in work.glob("*.pth"))
        others = sorted(path.name for path in (self.folder / "undisturbed").glob("*.pth"))
        self.counts += Counter(
            {
                "finished": 1,
                "bit-equal": all(equal(ours[key], expected[key]) for key in STATES),
                "best score is the highest validated": best == max(scores.values()),
                "same files": files == others,
                "epochs never validated": self.epochs - len(scores),
                "leftovers": len(list(work.glob(".*.partial*"))),
            }
        )

    def report(self) -> str:
        """Return the counts as a table."""
        names = ("starts", "kills", "kills within a writing", *MUST_BE_0, "finished", *MUST_BE_ALL)
        return table(["what", "count"], [(name, f"{self.counts[name]}") for name in names])

    def kept(self) -> bool:
        """Tell whether every promise was kept."""
        none = not any(self.counts[name] for name in MUST_BE_0)
        every = all(self.counts[name] == self.counts["trainings"] for name in MUST_BE_ALL)
        return none and every


STATES = ("state_dict", "ema_state_dict", "optimizer", "param_schedulers")
MUST_BE_0 = ("starts that failed", "half-written files", "leftovers", "epochs never validated")
MUST_BE_ALL = ("bit-equal", "best score is the highest validated", "same files")


def in_child(words: list[str], log: Path) -> None:
    """Run a command in a process group of its own, and write what it prints to a file."""
    os.setpgid(0, 0)
    with log.open("a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(run_command(words))


def load(path: Path) -> Any:
    """Read a checkpoint."""
    return torch.load(path, weights_only=True)  # noqa: TID251  its own


def is_whole(path: Path) -> bool:
    """Tell whether a checkpoint's checksums are right."""
    try:
        check_archive(path)
    except InputError:
        return False
    return path.stat().st_size > 0


def validated(work: Path) -> dict[int, float]:
    """Return the score of each epoch that was validated, in any start of a training."""
    lines = [line for path in work.glob("*/vis_data/scalars.json") for line in path.open()]
    records = [json.loads(line) for line in lines if line.endswith("}\n")]
    return {entry["step"]: entry["PCKh@0.5"] for entry in records if "PCKh@0.5" in entry}


def equal(first: Any, second: Any) -> bool:
    """Compare nested states, tensors to the bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(
            equal(first[key], second[key]) for key in first
        )
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(equal, first, second))
    return bool(first == second)


def main() -> int:
    """Soak, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=25, metavar="N", help="(default: 25)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the moments")
    args = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mmhg-soak-") as folder:
        soak = Soak(Path(folder), args.kills, seed=args.seed)
        soak.run()
    print(soak.report())
    print(f"{time.monotonic() - begin:.0f} s; every promise kept: {soak.kept()}")
    return 0 if soak.kept() else 1


if __name__ == "__main__":
    sys.exit(main())
