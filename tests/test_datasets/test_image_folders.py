"""Annotation files name images of the dataset's own folders, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from mmhg.datasets import CocoPersonDataset, MPIIPersonDataset
from mmhg.datasets.image_folders import ImagesInFolders
from mmhg.engine.preflight.samples import annotated_samples, without_decoding
from mmhg.errors import InputError

LOAD = [dict(type="mmpose.LoadWholeImage")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make `data` with an image, and beside it a private one."""
    for folder in ("data/images", "private"):
        (tmp_path / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / folder / "a.png"), np.zeros((90, 120, 3), np.uint8))
    return tmp_path


def coco(root: Path, name: str, **settings: Any) -> CocoPersonDataset:
    content = dict(
        images=[dict(id=1, file_name=name, width=120, height=90)],
        annotations=[
            dict(
                id=1,
                image_id=1,
                category_id=1,
                bbox=[10, 10, 50, 60],
                area=2000,
                iscrowd=0,
                num_keypoints=17,
                keypoints=[20, 30, 2] * 17,
            )
        ],
        categories=[dict(id=1, name="person")],
    )
    (root / "data/all.json").write_text(json.dumps(content))
    places = dict(data_root=f"{root}/data", data_prefix=dict(img="images/"))
    settings = places | dict(pipeline=LOAD) | settings
    return CocoPersonDataset("all.json", **settings)


def mpii(root: Path, name: str, make_person: Any, **settings: Any) -> MPIIPersonDataset:
    (root / "data/all.json").write_text(json.dumps([make_person(image=name)]))
    return MPIIPersonDataset(
        "all.json", data_root=f"{root}/data", data_prefix=dict(img="images/"), pipeline=LOAD
    )


OUTSIDE = ["../../private/a.png", "{root}/private/a.png", "../../../../../../../../etc/passwd"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_cannot_leave_the_folders(name: str, root: Path, make_person: Any) -> None:
    name = name.format(root=root)
    for make in (coco, lambda *args: mpii(*args, make_person)):
        with pytest.raises(InputError, match=r"all\.json names image .* lies outside of .*/data"):
            make(root, name)


def test_a_name_with_a_nul_character(root: Path) -> None:
    with pytest.raises(InputError, match=r"names image .*a\\0\.png, .* NUL"):
        coco(root, "a\0.png")


@pytest.mark.parametrize("name", ["a.png", "../images/a.png", "{root}/data/images/a.png"])
def test_names_inside_of_them(name: str, root: Path) -> None:
    assert coco(root, name.format(root=root))[0]["img"].shape == (90, 120, 3)


def test_folders_that_are_links_themselves(root: Path) -> None:
    (root / "linked").symlink_to(root / "data")
    assert coco(root, "a.png", data_root=f"{root}/linked")[0]["img"].shape == (90, 120, 3)
    (root / "data/elsewhere").symlink_to(root / "private")
    found = coco(root, "a.png", data_prefix=dict(img="elsewhere/"))
    assert found[0]["img"].shape == (90, 120, 3)


@pytest.mark.parametrize("link", ["images/b.png", "images/folder"])
def test_links_that_lead_out(link: str, root: Path) -> None:
    target = root / "private" / ("a.png" if link.endswith(".png") else "")
    (root / "data" / link).symlink_to(target)
    name = "b.png" if link.endswith(".png") else "folder/a.png"
    with pytest.raises(InputError, match=r"is a link to .*/private/a\.png, outside of .*linked_fo"):
        coco(root, name)[0]
    trusted = coco(root, name, linked_folders=[str(root / "private")])
    assert trusted[0]["img"].shape == (90, 120, 3)
    (root / "data/images/inner.png").symlink_to(root / "data/images/a.png")
    assert coco(root, "inner.png")[0]["img"].shape == (90, 120, 3)


def test_a_link_to_a_device_and_a_pipe(root: Path) -> None:
    os.mkfifo(root / "data/images/pipe.png")
    with pytest.raises(InputError, match="it is a pipe"):
        coco(root, "pipe.png")[0]
    (root / "data/images/zero.png").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="is a link to /dev/zero"):
        coco(root, "zero.png")[0]
    with pytest.raises(InputError, match="it is a device"):
        coco(root, "zero.png", linked_folders=["/dev"])[0]


def test_an_image_that_was_annotated_on_its_side(root: Path) -> None:
    """COCO's file states the size of the stored pixels, EXIF says that they lie on their side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (120, 90)).save(root / "data/images/turned.jpg", exif=exif)
    stored = [dict(LOAD[0], color_type="color_ignore_orientation")]
    with pytest.raises(InputError, match=r"has 90 x 120 px, .* states 120 x 90.*color_i"):
        coco(root, "turned.jpg")[0]
    with pytest.raises(InputError, match=r"turned\.jpg has 90 x 120 px"):
        annotated_samples(coco(root, "turned.jpg", test_mode=True))
    dataset = coco(root, "turned.jpg", pipeline=stored)
    assert dataset[0]["img"].shape == (90, 120, 3)
    with without_decoding(dataset):
        assert dataset[0]["img"].shape == (90, 120, 3)


@pytest.mark.parametrize("mode", ["topdown", "bottomup"])
def test_an_image_of_another_size_than_annotated(mode: str, root: Path) -> None:
    assert coco(root, "a.png", data_mode=mode)[0]["img"].shape == (90, 120, 3)
    cv2.imwrite(str(root / "data/images/a.png"), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(InputError, match=r"a\.png has 10 x 10 px, .* states 120 x 90"):
        coco(root, "a.png", data_mode=mode)[0]


def test_what_opencv_fails_on_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails:
        def __call__(self, results: dict) -> dict:
            raise cv2.error("OpenCV(4)\n too wide")

    dataset = coco(root, "a.png")
    dataset.pipeline.transforms.append(Fails())
    with pytest.raises(InputError, match=r"images/a\.png cannot be processed: OpenCV\(4\) too wi"):
        dataset[0]


def test_every_dataset_of_ours_is_checked() -> None:
    from mmpose.registry import DATASETS

    import mmhg.datasets

    ours = [
        kind
        for name in mmhg.datasets.__all__
        if (kind := DATASETS.module_dict.get(name)) is not None
    ]
    assert len(ours) >= 4
    assert [kind.__name__ for kind in ours if not issubclass(kind, ImagesInFolders)] == []
