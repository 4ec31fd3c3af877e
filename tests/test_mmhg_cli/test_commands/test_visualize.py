"""`mmhg visualize`, on a handful of people."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from PIL import Image

from mmhg import get_config
from mmhg_cli import main, visualizing

NARROW = ["model.backbone.channels=8", "model.backbone.stem_channels=4,4,4"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "narrow.pth"
    config = get_config("hg2_synthetic_128")
    config.model.backbone.update(channels=8, stem_channels=(4, 4, 4))
    init_default_scope("mmpose")
    torch.save(dict(state_dict=MODELS.build(config.model).state_dict()), path)
    return path


@pytest.fixture
def command(checkpoint: Path, mpii_root: Path, tmp_path: Path) -> list[str]:
    """Run the command; `out` is the folder."""
    loader = "val_dataloader"
    settings = [f"{loader}.dataset.data_root={mpii_root}/", f"{loader}.num_workers=0"]
    settings += [f"{loader}.persistent_workers=False", *NARROW]
    options = ["-o", str(tmp_path / "out"), "--device", "cpu", "--cfg-options", *settings]
    return ["visualize", "hg2_synthetic_128", str(checkpoint), *options]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "out").iterdir())


def test_the_validation_set(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not main([*command, "--people", "2"])
    files = names(tmp_path)
    assert [name for name in files if name.endswith(".gif")] == sorted(
        f"person_{index}.gif" for index in (int(name[7]) for name in files if "person" in name)
    )
    assert len(files) == 5 and {"scores.json", "scores.png", "sheet.png"} < set(files)
    report = json.loads((tmp_path / "out/scores.json").read_text())
    assert report["people"] == 4
    assert len(report["stacks"]) == 2
    assert {"PCKh@0.5", "Wrist"} < set(report["stacks"][0])
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:2] == ["stack", "PCKh@0.5"]
    assert table[3].split()[:2] == ["2", f"{report['stacks'][1]['PCKh@0.5']:.2f}"]
    assert all(
        Image.open(tmp_path / f"out/{name}").width > 300 for name in files if "json" not in name
    )


def test_the_first_few(command: list[str], tmp_path: Path) -> None:
    assert not main([*command, "--first", "3", "--animation", "none"])
    assert names(tmp_path) == ["scores.json", "scores.png", "sheet.png"]
    assert json.loads((tmp_path / "out/scores.json").read_text())["people"] == 3


def test_people_by_index(command: list[str], tmp_path: Path) -> None:
    assert not main([*command, "--index", "2", "0", "--animation", "mp4"])
    assert names(tmp_path) == ["person_0.mp4", "person_2.mp4", "sheet.png"]
    one = ["--index", "2", "--animation", "none", "--joints", "right_wrist"]
    both = cv2.imread(str(tmp_path / "out/sheet.png")).shape
    assert not main([*command, *one])
    assert cv2.imread(str(tmp_path / "out/sheet.png")).shape[0] < both[0]


def test_a_drawn_figure_in_place_of_the_photograph(command: list[str], tmp_path: Path) -> None:
    assert not main([*command, "--index", "1", "--animation", "none", "--drawn"])
    sheet = cv2.imread(str(tmp_path / "out/sheet.png"))
    ground = (sheet == (236, 234, 230)).all(axis=2)
    assert ground.mean() > 0.02
    assert not main([*command, "--index", "1", "--animation", "none"])
    photo = (cv2.imread(str(tmp_path / "out/sheet.png")) == (236, 234, 230)).all(axis=2)
    assert photo.mean() < 0.001


@pytest.mark.parametrize("box", [[], ["--box", "40", "20", "100", "100"]])
def test_a_person_in_an_image(
    box: list[str], command: list[str], mpii_root: Path, tmp_path: Path
) -> None:
    image = sorted((mpii_root / "images").iterdir())[0]
    assert not main([*command, "--image", str(image), *box])
    assert names(tmp_path) == [f"{image.stem}.gif", "sheet.png"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--index", "4"], "the validation set has people 0 to 3, got 4"),
        (["--index", "0", "1", "2", "3"], "a sheet shows 3 people, got 4"),
        (["--box", "0", "0", "5", "5"], "--box is for a person in an --image"),
        (["--image", "no.jpg"], "cannot read image no.jpg"),
        (["--joints", "nose"], "no joint nose in the dataset"),
        (["--drawn", "--image", "a.jpg"], "--drawn needs an annotation, which an --image has not"),
        (["--first", "0"], "--first must be at least 1, got 0"),
        (["--first", "1", "--index", "0"], "--first is for the run over the validation set"),
        (["--cfg-options", "foo"], "--cfg-options takes KEY=VALUE, such as"),
        (["--device", "nosuch"], "device 'nosuch' cannot be used"),
    ],
)
def test_bad_input(
    flags: list[str],
    message: str,
    command: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*command, *flags]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (
            "10000 20 10180 410",
            "box [10000, 20, 10180, 410] lies outside of the image, 160 x 120 px",
        ),
        ("40 20 40 80", "box [40, 20, 40, 80] has no area"),
        ("nan 0 5 5", "box [nan, 0, 5, 5] has no area. Boxes are left, top, right, bottom in px"),
    ],
)
def test_a_box_that_cannot_be(
    box: str,
    message: str,
    command: list[str],
    mpii_root: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = sorted((mpii_root / "images").iterdir())[0]
    assert main([*command, "--image", str(image), "--box", *box.split()]) == 2
    assert f"error: {image}: {message}" in capsys.readouterr().err


def test_a_file_where_the_folder_should_be(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").touch()
    assert main(command) == 2
    assert f"{tmp_path / 'out'} is a file, and pictures need a folder" in capsys.readouterr().err


def test_an_image_is_called_by_its_name(
    command: list[str], mpii_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = []

    def draw(people: list, *_: object) -> np.ndarray:
        titles.extend(person.title for person in people)
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr(visualizing, "draw_stack_sheet", draw)
    image = sorted((mpii_root / "images").iterdir())[0]
    assert not main([*command, "--image", str(image), "--animation", "none"])
    assert titles == [image.name]
