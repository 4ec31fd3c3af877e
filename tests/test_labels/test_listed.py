"""Pictures that EXIF turns, and pictures that cannot be used."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from mmhg.errors import InputError
from mmhg.labels import read_labels
from mmhg.labels.labels import LabeledObject
from mmhg.labels.listed import turn_upright
from mmhg.pictures import Header

WIDTH, HEIGHT = 60, 40


def picture(path: Path, orientation: int, mark: tuple[int, int] = (7, 11)) -> None:
    """Save a black picture of 60 x 40 px with one white pixel, as it is stored."""
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    pixels[mark[1], mark[0]] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)


def labels(folder: Path, size: tuple[int, int], point: tuple[float, float], **more: Any) -> Path:
    content = dict(
        images=[dict(id=1, file_name="a.png", width=size[0], height=size[1])],
        annotations=[dict(id=1, image_id=1, keypoints=[*point, 2], **more)],
        categories=[dict(id=1, name="thing", keypoints=["tip"])],
    )
    (folder / "labels.json").write_text(json.dumps(content))
    return folder / "labels.json"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_the_picture_is(tmp_path: Path, orientation: int) -> None:
    picture(tmp_path / "a.png", orientation)
    with Image.open(tmp_path / "a.png") as image:
        upright = np.array(ImageOps.exif_transpose(image))
    header = Header("PNG", WIDTH, HEIGHT, orientation)
    middle = turn_upright(np.array([(7.5, 11.5)]), header) - 0.5  # edges are at 0
    y, x = np.argwhere(upright == 255)[0]
    assert middle.tolist() == [[x, y]]


def test_stored_sizes_turn_the_labels(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 6)
    read = read_labels(labels(tmp_path, (WIDTH, HEIGHT), (7.5, 11.5), bbox=[5, 10, 4, 2]))
    (image,) = read.images
    assert (image.width, image.height) == (HEIGHT, WIDTH)
    (one,) = image.objects
    assert one.keypoints.tolist() == [[28.5, 7.5]]
    assert one.box is not None and one.box.tolist() == [28, 5, 30, 9]
    assert "1 pictures are turned by EXIF, and labeled as they are stored" in read.notes[0]


@pytest.mark.parametrize(
    ("size", "point"), [((HEIGHT, WIDTH), (7.5, 11.5)), ((WIDTH, HEIGHT), (7.5, 50))]
)
def test_upright_sizes_or_labels_do_not(
    tmp_path: Path, size: tuple[int, int], point: tuple[float, float]
) -> None:
    """A label below the picture as it is stored can only be one of the upright picture."""
    picture(tmp_path / "a.png", 6)
    read = read_labels(labels(tmp_path, size, point))
    assert read.images[0].objects[0].keypoints.tolist() == [[*point]]
    assert read.notes == [
        "1 pictures are turned by EXIF: their labels are taken as those of the upright picture."
    ]


def test_a_picture_turned_by_180_degrees(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 3)
    read = read_labels(labels(tmp_path, (WIDTH, HEIGHT), (1, 2)))
    assert read.images[0].objects[0].keypoints.tolist() == [[1, 2]]
    assert len(read.notes) == 1


def test_other_sizes_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png", 1)
    with pytest.raises(InputError, match=r"is 40 x 60 px by the labels, but .*a.png has 60 x 40"):
        read_labels(labels(tmp_path, (HEIGHT, WIDTH), (1, 2)))


def test_pictures_that_are_none(tmp_path: Path) -> None:
    file = labels(tmp_path, (WIDTH, HEIGHT), (1, 2))
    (tmp_path / "a.png").write_bytes(b"GIF89")
    with pytest.raises(InputError, match=r"a.png is not a picture"):
        read_labels(file)


def test_labels_tell_which_keypoints_they_have() -> None:
    one = LabeledObject(keypoints=np.array([(1, 2), (np.nan, 3)]), hidden=np.zeros(2, bool))
    assert one.labeled.tolist() == [True, False]
