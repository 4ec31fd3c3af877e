"""YOLO-pose folders."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from label_files import assert_same, write_yolo_pose, yolo_row
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels


@pytest.fixture
def moved(truth: Labels, tmp_path: Path) -> Labels:
    """The truth, its pictures in `images/train` and `images/val` of a folder for the test."""
    images = []
    for split, image in zip(("train", "val"), truth.images, strict=True):
        path = tmp_path / "images" / split / image.path.name
        path.parent.mkdir(parents=True)
        shutil.copy(image.path, path)
        images.append(replace(image, path=path))
    return replace(truth, images=images, root=tmp_path)


SPLITS = dict(train="images/train", val="images/val")


def folder(path: Path, row: str = "", **settings: Any) -> Path:
    """Write a folder with `a.png` and `b.png` of 200 x 100 px, and a row about the first."""
    for name in ("images", "labels"):
        (path / name).mkdir(exist_ok=True)
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(path / "images" / name), np.zeros((100, 200, 3), np.uint8))
    (path / "labels/a.txt").write_text(row or "0 0.5 0.5 0.2 0.4 0.1 0.2 2 0.5 0.6 1\n")
    content = dict(
        train="images", kpt_shape=[2, 3], names=["mouse"], kpt_names={0: ["nose", "tail"]}
    )
    (path / "data.yaml").write_text(yaml.safe_dump(content | settings))
    return path


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_truth_is_read(moved: Labels, dimensions: int) -> None:
    path = write_yolo_pose(moved, moved.root, dimensions=dimensions, **SPLITS)
    labels = read_labels(path)
    assert_same(labels, moved, flags=dimensions == 3)
    assert list(labels.keypoints) == list(moved.keypoints)
    assert [image.split for image in labels.images] == ["train", "val"]
    assert (labels.format, labels.category, labels.flip_pairs) == ("yolo_pose", "person", None)
    assert labels.notes == [] and labels.root.samefile(moved.root)
    assert_same(read_labels(path / "data.yaml"), moved, flags=dimensions == 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (dict(path=...), ""),
        (dict(path="/somewhere/else/mice"), "gives '/somewhere/else/mice' as path: "),
        (dict(path="../datasets/mice"), "gives '../datasets/mice' as path: "),
        (dict(train="../images/train", val="../images/val"), ""),
        (dict(train="/somewhere/images/train", val=["images/val"]), ""),
        (dict(train="train.txt", val="images/val/"), ""),
        (dict(train=["images/train", "images/train"], val=..., valid="images/val"), ""),
    ],
)
def test_places(moved: Labels, settings: dict[str, Any], said: str) -> None:
    (moved.root / "train.txt").write_text("./images/train/000000001.jpg\n\n")
    labels = read_labels(write_yolo_pose(moved, moved.root, **SPLITS | settings))
    assert_same(labels, moved)
    assert [image.split for image in labels.images] == ["train", "val"]
    assert [said in note for note in labels.notes] == [True] * bool(said)


def test_the_folder_is_named_apart(moved: Labels, tmp_path: Path) -> None:
    write_yolo_pose(moved, moved.root, **SPLITS, path="nowhere/at/all")
    (tmp_path / "configs").mkdir()
    file = shutil.move(moved.root / "data.yaml", tmp_path / "configs/mice.yaml")
    with pytest.raises(InputError, match=r"gives 'nowhere/at/all' as path, and .* by --images"):
        read_labels(Path(file))
    assert_same(read_labels(Path(file), images=moved.root), moved)
    assert_same(read_labels(Path(file), images=moved.root / "images"), moved)


def test_path_beside_the_file(moved: Labels, tmp_path: Path) -> None:
    """As Ultralytics writes it: the file, and a folder beside it."""
    write_yolo_pose(moved, moved.root, **SPLITS)
    (tmp_path / "mice").mkdir()
    for name in ("images", "labels"):
        shutil.move(tmp_path / name, tmp_path / "mice" / name)
    content = yaml.safe_load((tmp_path / "data.yaml").read_text())
    for path in ("mice", "datasets/mice"):
        (tmp_path / "data.yaml").write_text(yaml.safe_dump(content | dict(path=path)))
        labels = read_labels(tmp_path)
        assert [image.path.parent.parent.parent for image in labels.images] == [
            tmp_path / "mice"
        ] * 2
        assert len(labels.images[1].objects) == 2


def test_backgrounds_numbers_and_notes(tmp_path: Path) -> None:
    folder(
        tmp_path, flip_idx=[1, 0], skeleton=[[0, 1]], val="images", test="images", kpt_names=None
    )
    (tmp_path / "labels/lost.txt").write_text("")
    (tmp_path / "labels/classes.txt").write_text("mouse")
    labels = read_labels(tmp_path)
    assert [len(image.objects) for image in labels.images] == [1, 0]
    (one,) = labels.images[0].objects
    np.testing.assert_allclose(one.keypoints, [[20, 20], [100, 60]])
    assert one.hidden.tolist() == [False, True] and one.id == "a.txt, line 1"
    np.testing.assert_allclose(one.box, [80, 30, 120, 70])
    assert labels.keypoints == ["keypoint_1", "keypoint_2"] and labels.category == "mouse"
    assert labels.flip_pairs == [(0, 1)] and labels.skeleton == [(0, 1)]
    assert [image.split for image in labels.images] == [None, None]
    assert labels.notes == [
        "data.yaml does not name the keypoints (kpt_names): they are called keypoint_1 to "
        "keypoint_2.",
        "The pictures that data.yaml has for test are left out.",
        "data.yaml has the same pictures for train and for val.",
        "1 text files of labels have no picture, and are left out.",
    ]


def test_classes_flags_and_pictures_of_both_splits(tmp_path: Path) -> None:
    row = "1 0.5 0.5 0 0 0.1 0.2 1 0 0 0\n0 0.5 0.5 0.1 0.1 0.1 0.2 1 0 0 0\n"
    folder(tmp_path, row, names={0: "cat", 1: "dog"}, val=["val.txt"], flip_idx=[0, 1])
    (tmp_path / "val.txt").write_text("images/b.png\n")
    labels = read_labels(tmp_path)
    assert [image.split for image in labels.images] == [None, None]
    assert [one.box is None for one in labels.images[0].objects] == [True, False]
    assert labels.category == "object" and labels.flip_pairs == []
    assert labels.notes == [
        "1 pictures are for train and for val: train has them.",
        "The classes cat, dog have the same keypoints, and are one here.",
        "No keypoint has flag 2: those of flag 1 are taken as labeled and hidden, as Ultralytics "
        "defines it.",
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0 1 1 1 1 1 1 1 1 1", r"a.txt, line 1 has 10 numbers, not 11: .*\(kpt_shape\)"),
        ("\n0 .5 .5 .1 .1 .1 .1 2 .1 x 2", "a.txt, line 2: number 10 must be a number, got 'x'"),
        ("0 .5 .5 .1 .1 .1 .1 2 .1 nan 2", "must be a number, got 'nan'"),
        ("0 .5 .5 .1 .1 .1 .1 2 .1 1e999 2", "must be a number, got '1e999'"),
        ("0 .5 .5 .1 .1 .1 .1 3 .1 .1 2", "flags of keypoints must be 0, 1 or 2, got 3"),
        ("0 .5 .5 .1 .1 20 30 2 .1 .1 2", "must have shares of the picture.* got 30"),
        ("0 .5 .5 -.1 .1 .1 .1 2 .1 .1 2", "must have shares of the picture.* got -0.1"),
        ("1 .5 .5 .1 .1 .1 .1 2 .1 .1 2", "1 is none of the classes"),
        ("0.5 .5 .5 .1 .1 .1 .1 2 .1 .1 2", "0.5 is none of the classes"),
        ("-1 .5 .5 .1 .1 .1 .1 2 .1 .1 2", "-1 is none of the classes"),
        ("\xff\xfe", "line 1 has 1 numbers"),
    ],
)
def test_rows_that_are_refused(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(folder(tmp_path, row))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (dict(kpt_shape=[2, 4]), r"kpt_shape must be .* got \[2, 4\]"),
        (dict(kpt_shape=[2]), r"kpt_shape must be .* got \[2\]"),
        (dict(kpt_shape=[10**9, 3]), "kpt_shape must be"),
        (dict(kpt_shape=[True, 3]), "kpt_shape must be"),
        (dict(kpt_shape={"a": 1}), "kpt_shape must be .* got a mapping of 1"),
        (dict(flip_idx=[1, 2]), r"flip_idx must have .* got \[1, 2\]"),
        (dict(flip_idx=[0]), "flip_idx must have"),
        (dict(flip_idx="no"), "flip_idx must have"),
        (dict(kpt_names=["nose"]), "kpt_names has 1 names for 2 keypoints"),
        (dict(kpt_names=["nose", "nose"]), "two kinds of keypoints that are called 'nose'"),
        (dict(kpt_names={0: ["a", "b"], 1: ["a", "c"]}), "the same for all classes"),
        (dict(kpt_names="nose"), "kpt_names must be a list of names"),
        (dict(train=[1]), "train must be a folder"),
        (dict(train=None), "must name the pictures for train or val"),
        (dict(train="nowhere/deep"), "names 'nowhere/deep', which .* does not have"),
        (dict(train="../../../../../etc"), "which .* does not have"),
        (dict(train="labels"), "names 'labels', a folder without pictures"),
        (dict(train="data.yaml"), "pictures are missing"),
    ],
)  # fmt: skip
def test_settings_that_are_refused(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_labels(folder(tmp_path, **settings))


def test_yaml_runs_and_grows_nothing(tmp_path: Path) -> None:
    folder(tmp_path)
    file = tmp_path / "data.yaml"
    text = file.read_text()
    for more, message in (
        ("a: !!python/object/apply:os.mkdir [ran]\n", "is not YAML: could not determine a constr"),
        ("a: " + "[" * 50_000 + "]" * 50_000, "is not YAML"),
        ("a: 2001-99-99\n", "is not YAML"),
        ("a: [\n", "is not YAML"),
        ("# " + "x" * 500_000, "bytes, more than a YAML file"),
    ):
        file.write_text(text + more)
        with pytest.raises(InputError, match=message):
            read_labels(file, "yolo_pose")
    assert not Path("ran").exists()
    steps = "".join(
        f"x{n + 1}: &x{n + 1} [*x{n}, *x{n}]\ny{n + 1}: &y{n + 1} [*y{n}, *y{n}]\n"
        for n in range(40)
    )
    file.write_text(
        f"x0: &x0 [a]\ny0: &y0 [a]\n{steps}kpt_names: {{0: *x40, 1: *y40}}\nkpt_shape: [2, 3]\n"
        "train: images\n"
    )
    with pytest.raises(InputError, match="kpt_names must be a list of names, got a list of 2"):
        read_labels(file)


def test_folders_that_are_not_ready(tmp_path: Path) -> None:
    folder(tmp_path)
    shutil.rmtree(tmp_path / "labels")
    with pytest.raises(InputError, match=r"none of 2 pictures has labels. Looked .*labels/a.txt"):
        read_labels(tmp_path)
    (tmp_path / "data.yaml").unlink()
    with pytest.raises(InputError, match=r"has no data.yaml with kpt_shape"):
        read_labels(tmp_path, "yolo_pose")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("kpt_shape: [1, 2]\ntrain: images\n")
    with pytest.raises(InputError, match=r"several YAML files with kpt_shape: a.yaml, b.yaml"):
        read_labels(tmp_path)


def test_a_row_has_every_digit(truth: Labels) -> None:
    image = truth.images[1]
    cells = yolo_row(image.objects[1], image.width, image.height).split()
    assert float(cells[5]) * image.width == pytest.approx(
        image.objects[1].keypoints[0, 0], abs=1e-9
    )
