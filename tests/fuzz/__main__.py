"""Let every reader read mutated files, each in a process with limits, and report what came of it.

PYTHONPATH=tests python -m fuzz --inputs 10000 -o work_dirs/fuzz

Exit status 1 if there was a failure (another error than our own), a crash of the process, more than
10 s of the CPU, or a file that code in an input would have written. Such inputs are kept.
"""

from __future__ import annotations

import argparse
import os
import select
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

from fuzz.mutations import mutate
from fuzz.seeds import write_seeds
from fuzz.targets import FORMATS, TARGETS
from mmhg.utils.table import table

OUTCOMES = ("result", "refused", "failure", "crash", "hang", "code run")
GOOD = 2
"""The first so many are."""

PATIENCE = 300
"""Seconds that a file may take when the machine is busy."""


class Reader:
    """A child process that reads one file after the other, begun anew when it ends."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._process: subprocess.Popen[str] | None = None

    def read(self, target: str, path: Path) -> tuple[str, str]:
        """Return an outcome and what else is to be said."""
        if self._process is None:
            self._process = self._start()
        process = self._process
        assert process.stdin is not None
        process.stdin.write(f"{target}\t{path}\n")
        process.stdin.flush()
        found = self._line(process)
        if found:
            outcome, _, text = found.partition("\t")
            return outcome, text
        process.kill()
        status, self._process = process.wait(), None
        if status in (-signal.SIGPROF, -signal.SIGKILL):
            return "hang", "more than 10 s of the CPU"
        return "crash", f"status {status}"

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.child"],
            cwd=self._work,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if self._line(process) != "ready":
            raise RuntimeError(f"the child ended with status {process.wait()} before it could read")
        return process

    def _line(self, process: subprocess.Popen[str]) -> str:
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        return process.stdout.readline().rstrip("\n") if ready and process.stdout else ""


def write_exports(folder: Path) -> None:
    """Export a small network to every format."""
    import torch
    from mmpose.apis import init_model

    from mmhg.config.catalog import get_config
    from mmhg.export import export

    config = get_config("hg2_synthetic_128")
    config.model.backbone.update(num_stacks=1, depth=1, channels=8, stem_channels=(4, 4, 8))
    model = init_model(config, device="cpu")
    torch.save(dict(state_dict=model.state_dict()), folder / "small.pth")
    for name in FORMATS:
        export(config, folder / "small.pth", folder / name, format=name)


def fuzz(folder: Path, inputs: int, seed: int) -> dict[str, Counter[str]]:
    """Read mutated files, and count outcomes by target."""
    seeds, work, kept = folder / "seeds", folder / "work", folder / "kept"
    shutil.rmtree(folder, ignore_errors=True)
    for path in (work, kept):
        path.mkdir(parents=True)
    write_seeds(seeds)
    write_exports(seeds)
    random = Random(seed)
    counts = {name: Counter[str]() for name in TARGETS}
    reader = Reader(work)
    for number in range(inputs):
        name = list(TARGETS)[number % len(TARGETS)]
        of_target = TARGETS[name].seeds
        seed_file = of_target[number // len(TARGETS) % len(of_target)]
        place = folder / "input"
        shutil.rmtree(place, ignore_errors=True)
        if "/" in seed_file:
            shutil.copytree((seeds / seed_file).parent, place)
        place.mkdir(exist_ok=True)
        path = place / Path(seed_file).name
        data = (seeds / seed_file).read_bytes()
        fresh = number // len(TARGETS) < len(of_target)  # each seed once as it is
        path.write_bytes(data if fresh else mutate(seed_file, data, random))
        outcome, text = reader.read(name, path)
        if written := list(work.iterdir()):
            outcome, text = "code run", ", ".join(one.name for one in written)
            for one in written:
                shutil.rmtree(one) if one.is_dir() else one.unlink()
        counts[name][outcome] += 1
        if outcome not in OUTCOMES[:GOOD]:
            shutil.copytree(place, kept / str(number))
            print(f"{outcome}: {name}, {seed_file}, input {number}: {text}", flush=True)
    return counts


def main() -> int:
    """Print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, default=Path("work_dirs/fuzz"))
    args = parser.parse_args()
    counts = fuzz(args.output.absolute(), args.inputs, args.seed)
    total = sum(counts.values(), Counter())
    rows = [[name, *(f"{found[one]:,}" for one in OUTCOMES)] for name, found in counts.items()]
    rows.append(["all", *(f"{total[one]:,}" for one in OUTCOMES)])
    print(table(["reader", *OUTCOMES], rows))
    return 1 if any(total[one] for one in OUTCOMES[GOOD:]) else 0


if __name__ == "__main__":
    sys.exit(main())
