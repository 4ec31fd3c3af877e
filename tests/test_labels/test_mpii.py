"""Labels of MPII: its own file, MMPose's form of it, and the authors'."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from label_files import assert_same
from label_files_b import mpii_people, read_hdf5_here, write_release
from mmhg.datasets.body.mpii import square_of
from mmhg.datasets.formats.mpii_json import read_mpii_json
from mmhg.datasets.mpii_converter import OFFICIAL_VAL_LIST, read_split_list
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels
from mmhg.labels.mpii import recognizes


@pytest.fixture
def made(truth: Labels, tmp_path: Path) -> Labels:
    """The truth, with its pictures in `tmp_path/images`."""
    shutil.copytree(truth.root / "images", tmp_path / "images")
    images = [replace(image, path=tmp_path / "images" / image.path.name) for image in truth.images]
    return replace(truth, images=images, root=tmp_path)


@pytest.fixture
def people(made: Labels) -> Labels:
    """The truth with the boxes that follow from MPII's centers and scales: squares of 300 px."""
    images = []
    for image in made.images:
        objects = []
        for one in image.objects:
            center = (one.box[:2] + one.box[2:]) / 2 + (0, 15 * 1.5)
            square = np.concatenate([center - 150, center + 150])
            objects.append(replace(one, box=square))
        images.append(replace(image, objects=objects))
    return replace(made, images=images)


def write_json(folder: Path, name: str, labels: Labels) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(mpii_people(labels)))
    return folder / name


def test_truth_of_the_release(made: Labels, people: Labels, tmp_path: Path) -> None:
    file = tmp_path / "mpii_human_pose_v1_u12_1.mat"
    write_release(made, file, videos=[7, 9])
    for path in (file, tmp_path):
        found = read_labels(path)
        assert_same(found, people)
        assert [(image.group, image.split) for image in found.images] == [
            ("video 7", None),
            ("video 9", None),
        ]
    assert (found.format, found.category, found.notes) == ("mpii", "person", [])
    assert found.flip_pairs == [(0, 5), (1, 4), (2, 3), (10, 15), (11, 14), (12, 13)]
    assert (8, 9) in found.skeleton  # neck to head
    write_release(made, file, videos=[7, 9], tested=1)
    assert len(read_labels(file).images) == 1


def test_official_validation_people_validate(made: Labels, tmp_path: Path) -> None:
    (official, _), *_ = read_split_list(OFFICIAL_VAL_LIST)
    images = []
    for image, name in zip(made.images, ("099999999.jpg", official), strict=True):
        images.append(replace(image, path=image.path.rename(image.path.with_name(name))))
    write_release(replace(made, images=images), tmp_path / "a.mat", videos=[1, 1])
    found = read_labels(tmp_path / "a.mat")
    assert [image.split for image in found.images] == ["train", "val"]


def test_truth_of_json(made: Labels, people: Labels, tmp_path: Path) -> None:
    folder = tmp_path / "annotations"
    path = write_json(folder, "mpii_train.json", made)
    found = read_labels(path)
    assert_same(found, people)
    assert {(image.group, image.split) for image in found.images} == {(None, None)}
    first, second = made.images
    write_json(folder, "mpii_train.json", replace(made, images=[second]))
    write_json(folder, "mpii_val.json", replace(made, images=[first]))
    found = read_labels(tmp_path)
    assert [(image.path.name, image.split) for image in found.images] == [
        (second.path.name, "train"),
        (first.path.name, "val"),
    ]
    # One image of both, as MPII's split is one of people: it is not trained on.
    write_json(folder, "mpii_train.json", made)
    assert [image.split for image in read_labels(tmp_path).images] == ["val", "train"]


def test_people_that_are_left_out(made: Labels, tmp_path: Path) -> None:
    entries = mpii_people(made)
    entries[0]["joints_vis"] = [0] * 16
    entries[1]["scale"] = 1e9
    entries[2] |= dict(center=[-1, -1], scale=-1)
    (tmp_path / "a.json").write_text(json.dumps(entries))
    found = read_labels(tmp_path / "a.json")
    assert [len(image.objects) for image in found.images] == [0, 1]
    assert found.images[1].objects[0].box is None
    assert len(found.notes) == 2
    assert found.notes[0] == "1 people are left out, who have no annotated joint."
    assert found.notes[1].startswith("1 people are left out, who have a scale (height over 200 px)")


def test_the_authors_file(
    made: Labels, people: Labels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("labels.mpii", "datasets.formats.authors_h5", "labels.sleap_file"):
        monkeypatch.setattr(f"mmhg.{module}.read_hdf5", read_hdf5_here)
    entries = mpii_people(made)
    scale = np.array([1.5 * 1.25] * 3)
    labeled = np.array([entry["joints_vis"] for entry in entries])[..., None]
    with h5py.File(tmp_path / "train.h5", "w") as file:
        file["imgname"] = [entry["image"].encode() for entry in entries]
        center = np.array([entry["center"] for entry in entries])
        file["center"] = center + np.array([0, 15 * 1.5])
        file["scale"], file["normalize"], file["person"] = scale, scale, [0, 0, 1]
        file["part"] = np.array([entry["joints"] for entry in entries]) * labeled
        file["visible"] = np.array([entry["visible"] for entry in entries])
    found = read_labels(tmp_path / "train.h5")
    assert_same(found, people)
    assert [one.id for one in found.images[1].objects] == ["person 1", "person 2"]


def test_a_box_is_that_of_the_dataset(made: Labels, tmp_path: Path) -> None:
    path = write_json(tmp_path, "a.json", made)
    (first, *_) = read_mpii_json(str(path))
    box = read_labels(path).images[0].objects[0].box
    np.testing.assert_array_equal(square_of(first)[0], box)


def test_what_is_not_mpii(tmp_path: Path) -> None:
    for name, data in {
        "a.json": b'[{"image": "a.jpg", "joints": []}]',
        "b.json": b"[]",
        "c.h5": b"\x89HDF\r\n\x1a\n",
        "d.mat": b"MATLAB 5.0 MAT-file",
    }.items():
        (tmp_path / name).write_bytes(data)
        assert not recognizes(tmp_path / name)
    assert not recognizes(tmp_path)
    with pytest.raises(InputError, match="has no annotations of MPII"):
        read_labels(tmp_path, "mpii")
