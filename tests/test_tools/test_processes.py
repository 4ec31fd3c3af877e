"""Several processes of a training: one is killed, stopped or started again; FSDP; scores."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from test_tools.test_mmpose_commands import ROOT, VAL_PEOPLE, options, run  # noqa: F401

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found there"),
    pytest.mark.skipif(torch.cuda.is_available(), reason="over gloo"),
]
PATIENCE = 300
LONG = [
    "train_cfg.max_epochs=300",
    "train_cfg.val_interval=1000",
    "default_hooks.logger.interval=1",
]
LONG += ["param_scheduler=None"]


class Job:
    """A training in two processes, in the background."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = str(unused.getsockname()[1])
        environment = dict(os.environ, PYTHONPATH=str(ROOT), PYTHON=sys.executable, PORT=port)
        self.log = folder / "log.txt"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [ROOT / "tools/dist_train.sh", *arguments],
                cwd=folder,
                env=environment | {"OMP_NUM_THREADS": "1"} | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self.log.read_text()

    def wait_for(self, condition: Callable[[], object]) -> float:
        """Wait until something is true, and return how long that took, in seconds."""
        begin = time.monotonic()
        while not condition():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() - begin < PATIENCE, self.text()
            time.sleep(0.1)
        return time.monotonic() - begin

    def worker(self, rank: int) -> int:
        """Return the process of a rank."""
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        wanted = f"RANK={rank}".encode()
        return next(
            int(child)
            for child in children
            if wanted in Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        )

    def end(self) -> int:
        return self.process.wait(PATIENCE)


@pytest.fixture
def start(tmp_path: Path, options: list[str]) -> Iterator[Callable[..., Job]]:  # noqa: F811
    jobs = []

    def begin(*flags: str, settings: list[str], **variables: str) -> Job:
        arguments = ["hg1_synthetic_128", "2", "--work-dir", "work", *flags]
        jobs.append(Job(tmp_path, *arguments, *options, *LONG, *settings, **variables))
        return jobs[-1]

    yield begin
    for job in jobs:
        job.process.terminate()
        job.process.wait(PATIENCE)


def test_a_killed_process_ends_the_job(start: Callable[..., Job]) -> None:
    job = start(settings=[])
    job.wait_for(lambda: "Epoch(train)" in job.text())
    os.kill(job.worker(1), signal.SIGKILL)
    assert job.end() == 1
    text = job.text()
    assert "error: another process of this job has ended" in text
    assert "exitcode  : -9" in text


def test_a_stopped_process_is_noticed_within_the_time_out(start: Callable[..., Job]) -> None:
    job = start(settings=["env_cfg.dist_cfg.timeout=10"])
    job.wait_for(lambda: "Epoch(train)" in job.text())
    stopped = job.worker(1)
    os.kill(stopped, signal.SIGSTOP)
    assert 5 < job.wait_for(lambda: "or did not answer within the seconds of" in job.text()) < 30
    os.kill(stopped, signal.SIGKILL)  # torchrun would do so 30 seconds later
    assert job.end() == 1


def test_a_restart_goes_on_from_the_last_checkpoint(
    start: Callable[..., Job], tmp_path: Path
) -> None:
    job = start("--resume", settings=["train_cfg.max_epochs=40"], MAX_RESTARTS="1")
    job.wait_for((tmp_path / "work/epoch_2.pth").exists)
    os.kill(job.worker(1), signal.SIGKILL)
    assert job.end() == 0, job.text()
    (resumed,) = [line for line in job.text().splitlines() if "resumed epoch: " in line]
    epoch = int(resumed.split("resumed epoch: ")[1].split(",")[0])
    assert 1 <= epoch < 40
    assert torch.load(tmp_path / "work/epoch_40.pth", weights_only=True)["meta"]["epoch"] == 40


def test_scores_do_not_depend_on_the_number_of_processes(
    options: list[str],  # noqa: F811
    tmp_path: Path,
) -> None:
    result = run(tmp_path, "train.py", "hg1_synthetic_128", "--work-dir", "work", *options)
    assert result.returncode == 0, result.stdout
    found = []
    for processes in (1, 2, 3):
        flags = ["--out", "scores.json", "--dump", "people.json", "--work-dir", f"{processes}"]
        arguments = ["hg1_synthetic_128", "work/epoch_1.pth", str(processes), *flags]
        result = run(tmp_path, "dist_test.sh", *arguments, *options)
        assert result.returncode == 0, result.stdout
        scores, people = (
            json.loads((tmp_path / f"{name}.json").read_text()) for name in ("scores", "people")
        )
        assert sorted(person["id"] for person in people) == list(range(VAL_PEOPLE))
        found.append((scores, sorted(people, key=lambda person: person["id"])))
    (scores, people), *others = found
    for other_scores, other_people in others:
        assert other_scores == pytest.approx(scores, nan_ok=True)
        for one, other in zip(people, other_people, strict=True):
            assert one["image"] == other["image"]
            points, others_points = np.array(one["keypoints"]), np.array(other["keypoints"])
            # The last digits of another batch move a UDP step that leads far out of the picture.
            near = (np.abs(points) < 400).all(axis=-1)
            assert near.sum() > len(points) / 2
            np.testing.assert_allclose(points[near], others_points[near], atol=0.05)


def test_fsdp_trains_validates_saves_and_resumes(
    options: list[str],  # noqa: F811
    tmp_path: Path,
) -> None:
    config = str(ROOT / "configs/examples/fsdp.py")
    small = ["model.backbone.num_stacks=1", "train_cfg.val_interval=1"]
    small += ["strategy.model_wrapper.auto_wrap_policy.min_num_params=500"]
    for epochs, flags in ((1, []), (2, ["--resume"])):
        settings = [*options, *small, f"train_cfg.max_epochs={epochs}"]
        result = run(
            tmp_path, "dist_train.sh", config, "2", "--work-dir", "work", *flags, *settings
        )
        assert result.returncode == 0, result.stdout
    resumed = [line for line in result.stdout.splitlines() if "resumed epoch" in line]
    assert [line.split("resumed ")[1] for line in resumed] == ["epoch: 1, iter: 1"]
    one, two = (
        torch.load(tmp_path / f"work/epoch_{epoch}.pth", weights_only=True) for epoch in (1, 2)
    )
    weights = one["state_dict"]
    assert weights["backbone.stem.0.weight"].shape == (4, 3, 7, 7)
    assert any(not value.equal(two["state_dict"][name]) for name, value in weights.items())
    results = json.loads((tmp_path / "work/results.json").read_text())
    assert 0 <= results["PCKh@0.5"] <= 100
