"""`mmhg convert` as a command, and what its files are good for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

import mmhg  # noqa: F401
from reference import layouts
from torch7.hg_lua import Net, gmodule
from torch7.records import dump

Call = Callable[..., Any]
Spawn = Callable[..., Any]
SIZE = layouts.Size(num_stacks=2, num_keypoints=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, spawn: Spawn) -> Path:
    """Write a checkpoint of each source, and convert princeton's."""
    folder = tmp_path_factory.mktemp("checkpoints")
    state = layouts.princeton(SIZE, prefix="model.module.")
    state = {name: value.float() for name, value in state.items()}
    torch.save(dict(state_dict=state, optimizer={}, epoch=3), folder / "princeton.pt")
    torch.save(layouts.bearpaw(SIZE, prefix="module."), folder / "bearpaw.pth")
    (folder / "authors.t7").write_bytes(dump(gmodule(Net(SIZE))))
    done = spawn(folder, "convert", "princeton.pt", "-o", "hg2.pth")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "princeton.pt: princeton, 2 x depth 4 x 8 features, stem (4, 6, 6)" in done.stdout
    assert "and 52 more (58; its residual is as wide as its input" in done.stdout
    assert "dropped: optimizer, epoch (2; not a tensor of the network)" in done.stdout
    assert "hg2.pth: loads strictly into the model of hg2.py" in done.stdout
    return folder


def test_it_is_ready_for_testing(
    spawn: Spawn, folder: Path, mpii_root: Path, tmp_path: Path
) -> None:
    options = [f"test_dataloader.dataset.data_root={mpii_root}/"]
    options += ["test_dataloader.num_workers=0", "test_dataloader.persistent_workers=False"]
    arguments = [folder / "hg2.py", folder / "hg2.pth", "--work-dir", "work", "--out", "out.json"]
    done = spawn(tmp_path, "test", *arguments, "--cfg-options", *options)
    assert done.returncode == 0, done.stderr
    assert 0 <= json.loads((tmp_path / "out.json").read_text())["PCKh@0.5"] <= 100


def test_it_is_ready_for_the_inferencer(folder: Path, mpii_root: Path) -> None:
    from mmpose.apis import MMPoseInferencer  # once mmhg has applied what it needs

    inferencer = MMPoseInferencer(
        str(folder / "hg2.py"),
        str(folder / "hg2.pth"),
        det_model="whole_image",
        device="cpu",
        show_progress=False,
    )
    image = cv2.imread(str(next((mpii_root / "images").iterdir())))
    (people,) = next(inferencer(image))["predictions"]
    assert len(people[0]["keypoints"]) == 16


def test_it_is_ready_to_train_from(
    spawn: Spawn, folder: Path, mpii_root: Path, tmp_path: Path
) -> None:
    options = [f"load_from={folder / 'hg2.pth'}", "train_cfg.max_epochs=1"]
    for loader in ("train_dataloader", "val_dataloader"):
        options += [f"{loader}.dataset.data_root={mpii_root}/", f"{loader}.num_workers=0"]
        options += [f"{loader}.persistent_workers=False", f"{loader}.batch_size=2"]
    arguments = [folder / "hg2.py", "--work-dir", "work", "--cfg-options", *options]
    done = spawn(tmp_path, "train", *arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "work/epoch_1.pth").is_file()


@pytest.mark.parametrize(
    ("source", "name", "mean"),
    [
        ("princeton.pt", "princeton", "input RGB in [0, 1]\n"),
        ("bearpaw.pth", "anibali", "input RGB in [0, 1] minus (0.4404, 0.4440, 0.4327)\n"),
        ("authors.t7", "torch7", "input RGB in [0, 1]\n"),
        ("hg2.pth", "mmhg", "input RGB in [0, 1]\n"),
    ],
)
def test_every_source(
    source: str, name: str, mean: str, folder: Path, tmp_path: Path, call: Call
) -> None:
    flags = ["--fold"] if source == "hg2.pth" else []
    arguments = [folder / source, "-o", "out.pth", "--from", name, *flags]
    done = call(tmp_path, "convert", *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert f"{source}: {name}, 2 x depth 4" in done.stdout and mean in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"out.pth", "out.py"}
    state = torch.load(tmp_path / "out.pth", weights_only=True)["state_dict"]
    assert any("reinject_heatmaps" in key for key in state) is not bool(flags)


def test_back_and_forth(folder: Path, tmp_path: Path, call: Call) -> None:
    done = call(tmp_path, "convert", folder / "hg2.pth", "-o", "a.pt", "--to", "princeton")
    assert done.returncode == 0, done.stderr
    assert "and 52 more (58; zeros, which nothing uses" in done.stdout
    assert "note: princeton's code builds a stem of (64, 128, 128)" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]
    assert call(tmp_path, "convert", "a.pt", "-o", "b.pth").returncode == 0
    assert call(tmp_path, "convert", "b.pth", "-o", "b.pth.again").returncode == 0
    states = [
        torch.load(path, weights_only=True)["state_dict"]
        for path in (folder / "hg2.pth", tmp_path / "b.pth", tmp_path / "b.pth.again")
    ]
    for state in states[1:]:
        assert state.keys() == states[0].keys()
        assert all(torch.equal(state[name], states[0][name]) for name in state)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.pth", "-o", "out.pth"], "none.pth"),
        (["hostile.pth", "-o", "out.pth"], "hostile.pth: refused, and nothing of it was run"),
        (["cut.t7", "-o", "out.pth"], "cut.t7: it is damaged or cut short"),
        (
            ["princeton.pt", "-o", "out.pth", "--from", "bearpaw"],
            "has the keys of princeton, not of",
        ),
        (["princeton.pt", "-o", "out.py"], "the checkpoint must not be a .py file, got out.py"),
        (["princeton.pt", "-o", "mine.pth"], "mine.py is not a converter's. Move it"),
        (["princeton.pt", "-o", "none/out.pth"], "there is no folder none"),
        (["princeton.pt", "-o", "folder"], "cannot write folder: it is a folder"),
        (["princeton.pt", "-o", "princeton.pt"], "CHECKPOINT and --output are the same file"),
        (
            ["princeton.pt", "-o", "out.pt", "--to", "bearpaw", "--fold"],
            "--fold is for our network",
        ),
        (
            ["folded.pth", "-o", "out.pth"],
            "folded.pth: it lacks backbone.stacks.0.prediction.weight",
        ),
    ],
)
def test_bad_input(
    arguments: list[str], message: str, folder: Path, tmp_path: Path, call: Call
) -> None:
    for name in ("princeton.pt", "hg2.pth"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "cut.t7").write_bytes((folder / "authors.t7").read_bytes()[:-1000])
    (tmp_path / "mine.py").write_text("mine")
    (tmp_path / "folder").mkdir()
    torch.save(dict(state_dict=torch.nn.Linear(1, 1)), tmp_path / "hostile.pth")
    if "folded.pth" in arguments:
        call(tmp_path, "convert", "hg2.pth", "-o", "folded.pth", "--fold")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    done = call(tmp_path, "convert", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
