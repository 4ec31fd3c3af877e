"""One batch shared out between processes is the same batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

SCRIPT = Path(__file__).with_name("ten_steps.py")
PEOPLE = 8
BATCH = 4


@pytest.fixture
def people_root(mpii_root: Path, tmp_path: Path) -> Path:
    """Make two batches of people, all different."""
    (person, *_) = json.loads((mpii_root / "annotations/mpii_train.json").read_text())
    rng = np.random.default_rng(5)
    images = sorted(path.name for path in (mpii_root / "images").iterdir())
    people = [
        dict(
            person,
            image=images[number % len(images)],
            joints=rng.uniform((50, 20), (110, 100), (16, 2)).tolist(),
        )
        for number in range(PEOPLE)
    ]
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/mpii_train.json").write_text(json.dumps(people))
    (tmp_path / "images").symlink_to(mpii_root / "images")
    return tmp_path


def train(root: Path, processes: int, *options: str) -> torch.Tensor:
    """Return the weights after each step, (10, number of weights)."""
    out = root / f"{processes}.pth"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={processes}", str(SCRIPT)]
    command += [f"{root}/", str(BATCH // processes), str(out), *options]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    subprocess.run(command, check=True, env=environment, timeout=300)
    weights: torch.Tensor = torch.load(out, weights_only=True)
    return weights


@pytest.mark.slow
def test_ten_steps_of_two_and_four_processes_equal_those_of_one(people_root: Path) -> None:
    alone = train(people_root, 1)
    assert alone.dtype is torch.float64 and len(alone) == 10
    assert ((alone[1:] - alone[:-1]).abs().amax(1) > 1e-4).all()
    for processes in (2, 4):
        shared = train(people_root, processes)
        assert (shared - alone).abs().max() < 1e-9


@pytest.mark.slow
def test_ten_steps_of_local_supervision_in_two_processes(people_root: Path) -> None:
    alone, shared = (train(people_root, processes, "local") for processes in (1, 2))
    assert ((alone[1:] - alone[:-1]).abs().amax(1) > 1e-4).all()
    assert (shared - alone).abs().max() < 1e-9
