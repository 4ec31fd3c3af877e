"""The command lines that MMPose users know, run on a handful of synthetic people."""

import json
import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmhg.datasets.formats.mpii_mat import read_release
from mmhg.datasets.mpii_converter import convert, read_split_list, write_splits
from mmhg.synthetic import render_dataset
from mmhg.synthetic.dataset import RELEASE_NAME, VAL_LIST_NAME, Request

ROOT = Path(__file__).parents[2]
VAL_PEOPLE = 3
LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return --cfg-options for a narrow network on six people, three of them for validation."""
    root = tmp_path_factory.mktemp("data") / "figures"
    render_dataset(root, Request(level=1, train=6, val=VAL_PEOPLE, test=1), workers=1)
    images = read_release(root / RELEASE_NAME)
    splits, _ = convert(images, read_split_list(root / VAL_LIST_NAME), root / VAL_LIST_NAME)
    write_splits(splits, root / "annotations")
    settings = ["train_cfg.max_epochs=1", "train_dataloader.batch_size=3"]
    settings += ["model.backbone.channels=8", "model.backbone.stem_channels=4,4,4"]
    for loader in LOADERS:
        settings += [f"{loader}.dataset.data_root={root}/", f"{loader}.num_workers=0"]
        settings += [f"{loader}.persistent_workers=False"]
    return ["--cfg-options", *settings]


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of this clone in another folder; its output is in `stdout`."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = str(unused.getsockname()[1])
    environment = dict(
        os.environ, PYTHONPATH=str(ROOT), PYTHON=sys.executable, OMP_NUM_THREADS="1", PORT=port
    )
    program = [] if str(command[0]).endswith(".sh") else [sys.executable]
    return subprocess.run(
        [*program, ROOT / "tools" / command[0], *command[1:]],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture(scope="module")
def work_dir(options: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train one epoch, and return the work directory."""
    folder = tmp_path_factory.mktemp("train")
    result = run(folder, "train.py", "hg2_synthetic_128", "--work-dir", "work", *options)
    assert result.returncode == 0, result.stdout
    return folder / "work"


def test_train_leaves_a_checkpoint(work_dir: Path) -> None:
    checkpoint = torch.load(work_dir / "epoch_1.pth", weights_only=True)
    assert checkpoint["meta"]["iter"] == 2
    assert (work_dir / "last_checkpoint").read_text() == "epoch_1.pth"


def test_resume_and_amp(work_dir: Path, options: list[str]) -> None:
    flags = ["--work-dir", work_dir, "--resume", "--amp", *options, "train_cfg.max_epochs=2"]
    result = run(work_dir, "train.py", "hg2_synthetic_128", *flags)
    assert result.returncode == 0, result.stdout
    assert "resumed epoch: 1, iter: 2" in result.stdout
    assert torch.load(work_dir / "epoch_2.pth", weights_only=True)["meta"]["iter"] == 4


def test_test_writes_scores_and_predictions(
    work_dir: Path, options: list[str], tmp_path: Path
) -> None:
    flags = ["--out", "scores.json", "--dump", "predictions.pkl", "--show-dir", "pictures"]
    arguments = ["hg2_synthetic_128", work_dir / "epoch_1.pth", "--work-dir", "work"]
    result = run(tmp_path, "test.py", *arguments, *flags, *options)
    assert result.returncode == 0, result.stdout
    assert 0 <= json.loads((tmp_path / "scores.json").read_text())["PCKh@0.5"] <= 100
    predictions = pickle.loads((tmp_path / "predictions.pkl").read_bytes())  # noqa: S301  our own
    assert [p["pred_instances"]["keypoints"].shape for p in predictions] == [
        (1, 16, 2)
    ] * VAL_PEOPLE
    assert len(list((tmp_path / "work").glob("*/pictures/*.jpg"))) == VAL_PEOPLE


def test_two_processes_train_and_score_each_person_once(options: list[str], tmp_path: Path) -> None:
    arguments = ["hg2_synthetic_128", "2", "--work-dir", "work"]
    result = run(tmp_path, "dist_train.sh", *arguments, *options)
    assert result.returncode == 0, result.stdout
    assert (tmp_path / "work/epoch_1.pth").is_file()
    # Three people between two processes: one of them is handed out twice.
    assert f"{VAL_PEOPLE} people" in result.stdout


def test_browse_dataset(options: list[str], tmp_path: Path) -> None:
    flags = ["--output-dir", "pictures", "--not-show", "--max-item-per-dataset", "2"]
    result = run(tmp_path, "misc/browse_dataset.py", "hg2_synthetic_128", *flags, *options)
    assert result.returncode == 0, result.stdout
    assert len(list((tmp_path / "pictures").glob("*.jpg"))) == 2


def test_get_flops(tmp_path: Path) -> None:
    flags = ["--input-shape", "128", "64", "--batch-size", "2"]
    result = run(tmp_path, "analysis_tools/get_flops.py", "hg8_mpii_256", *flags)
    assert result.returncode == 0, result.stdout
    assert "2 x 3 x 128 x 64" in result.stdout
    # A quarter of the 27.440 GMACs of an image of 256 x 256 px, for both together.
    *_, total = (line for line in result.stdout.splitlines() if line.startswith("all"))
    assert "25,434,112" in total and "6.860" in total


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["train.py", "nosuch"], "error: no config file 'nosuch'"),
        (
            ["test.py", "hg2_synthetic_128", "nosuch.pth"],
            "error: there is no checkpoint nosuch.pth. Check its path",
        ),
        (
            ["analysis_tools/get_flops.py", "hg1_mpii_256", "--input-shape", "102"],
            "multiples of 4 px",
        ),
        (
            ["train.py", "hg2_synthetic_128", "--cfg-options", "train_dataloader.batch_size=0"],
            "error: the config's train_dataloader cannot be built: batch_size should be",
        ),
        (
            ["train.py", "hg2_synthetic_128", "--cfg-options", "foo"],
            "error: --cfg-options takes KEY=VALUE, such as ",
        ),
    ],
)
def test_bad_input(command: list[str], message: str, options: list[str], tmp_path: Path) -> None:
    # The command's own options come last.
    place = command.index("--cfg-options") if "--cfg-options" in command else len(command)
    result = run(tmp_path, *command[:place], *options, *command[place:])
    assert result.returncode == 2, result.stdout
    assert message in result.stdout.splitlines()[-1]
    assert "Traceback" not in result.stdout


@pytest.mark.parametrize(
    "script", ["dist_train.sh", "dist_test.sh", "slurm_train.sh", "slurm_test.sh"]
)
def test_shell_tools_say_how_to_be_used(script: str, tmp_path: Path) -> None:
    result = run(tmp_path, script, "config")
    assert result.returncode == 2
    assert f"usage: {ROOT / 'tools' / script} " in result.stdout


SRUN = (
    "--partition=PARTITION --job-name=JOB --ntasks=16 --ntasks-per-node=8 --gres=gpu:8 "
    f"--cpus-per-task=5 --kill-on-bad-exit=1 --qos high {sys.executable} -u {ROOT}/tools/"
)


@pytest.mark.parametrize(
    ("script", "arguments", "tool"),
    [
        ("slurm_train.sh", "c.py w --amp", "train.py c.py --work-dir w --launcher slurm --amp"),
        ("slurm_test.sh", "c.py x.pth --out o", "test.py c.py x.pth --launcher slurm --out o"),
    ],
)
def test_slurm(
    script: str, arguments: str, tool: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\necho "$@"\n')
    srun.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("GPUS", "16")
    monkeypatch.setenv("SRUN_ARGS", "--qos high")
    result = run(tmp_path, script, "PARTITION", "JOB", *arguments.split())
    assert result.returncode == 0, result.stdout
    assert result.stdout == f"{SRUN}{tool}\n"
