"""From files of labeling tools to COCO's files: the labels stay where they were."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from label_files import (
    synthetic_labels,
    write_coco,
    write_cvat,
    write_label_studio,
    write_yolo_pose,
)
from label_files_b import write_slp, write_video
from mmhg.labels import Labels, read_labels
from mmhg.own_points import Imported, import_labels


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    return synthetic_labels(tmp_path_factory.mktemp("people"))


def written(found: Imported, keypoint_names: Sequence[str]) -> dict[str, list[np.ndarray]]:
    """Return the keypoints (K, 3) of each image of both files, by the image's name."""
    people: dict[str, list[np.ndarray]] = {}
    for split in ("train", "val"):
        content = json.loads((found.folder / f"{split}.json").read_text())
        (category,) = content["categories"]
        order = [category["keypoints"].index(name) for name in keypoint_names]
        names = {image["id"]: image["file_name"] for image in content["images"]}
        for one in content["annotations"]:
            keypoints = np.reshape(one["keypoints"], (-1, 3))[order]
            people.setdefault(Path(names[one["image_id"]]).name, []).append(keypoints)
    return people


def expected(truth: Labels) -> list[list[np.ndarray]]:
    return [
        [np.nan_to_num(np.column_stack([one.keypoints, one.labeled])) for one in image.objects]
        for image in truth.images
    ]


def assert_written(found: Imported, truth: Labels, names: list[str]) -> None:
    people = written(found, truth.keypoints)
    assert sorted(people) == sorted(names)
    for name, objects in zip(names, expected(truth), strict=True):
        assert len(people[name]) == len(objects)
        for one, other in zip(people[name], objects, strict=True):
            np.testing.assert_allclose(one[:, :2], other[:, :2], atol=1e-3)
            assert (one[:, 2] > 0).tolist() == (other[:, 2] > 0).tolist()


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_coco, "labels.json"),
        (write_cvat, "annotations.xml"),
        (write_label_studio, "export.json"),
        (partial(write_yolo_pose, val=...), "."),
    ],
)
def test_same_annotations(write: Callable, name: str, truth: Labels, tmp_path: Path) -> None:
    shutil.copytree(truth.root, tmp_path / "people")
    moved = [
        replace(image, path=tmp_path / "people/images" / image.path.name) for image in truth.images
    ]
    root = tmp_path / "people"
    path = write(replace(truth, images=moved, root=root), root / name)
    labels = read_labels(path, images=None if name == "." else root / "images")
    found = import_labels(labels, tmp_path / "mine")
    assert_written(found, truth, [image.path.name for image in truth.images])
    assert found.boxes["given"] == 3
    assert not found.two_looks


def test_same_annotations_of_a_video(truth: Labels, tmp_path: Path) -> None:
    """SLEAP's labels: frames become pictures, and have no boxes."""
    frame = np.zeros((240, 400, 3), np.uint8)
    pictures = []
    for image in truth.images:
        picture = cv2.imread(str(image.path))
        pictures.append(frame.copy())
        pictures[-1][: picture.shape[0], : picture.shape[1]] = picture
    write_video(tmp_path / "clip.avi", [frame, pictures[0], pictures[1]])
    objects = [[one.keypoints for one in image.objects] for image in truth.images]
    video = dict(backend=dict(type="MediaVideo", filename="clip.avi", shape=[3, 240, 400, 3]))
    frames = [(0, 1, objects[0]), (0, 2, objects[1])]
    path = write_slp(tmp_path / "a.slp", truth.keypoints, [video], frames)
    found = import_labels(read_labels(path), tmp_path / "mine")
    assert_written(found, truth, ["000001.png", "000002.png"])
    for number, picture in ((1, pictures[0]), (2, pictures[1])):
        read = cv2.imread(str(tmp_path / f"mine/images/clip_avi/{number:06}.png"))
        assert cv2.absdiff(read, picture).mean() < 3
    assert found.boxes["made"] == 3
    assert "all images are of one" in found.split.warnings[0]
