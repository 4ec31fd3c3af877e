"""CVAT's XML for images."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from label_files import assert_same, cvat_text, without_boxes, write_cvat
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels

SIZE = 100


def export(folder: Path, images: str, meta: str = "") -> Path:
    """Write a file about images `a.b.png` and `c.png` of 100 x 100 px."""
    folder.mkdir(exist_ok=True)
    for name in ("a.b.png", "c.png"):
        cv2.imwrite(str(folder / name), np.zeros((SIZE, SIZE, 3), np.uint8))
    file = folder / "annotations.xml"
    file.write_text(f"<annotations><version>1.1</version><meta>{meta}</meta>{images}</annotations>")
    return file


def image(shapes: str, name: str = "a.b.png", more: str = "") -> str:
    return f'<image id="0" name="{name}" width="{SIZE}" height="{SIZE}" {more}>{shapes}</image>'


def point(label: str, x: float, y: float, more: str = "") -> str:
    return f'<points label="{label}" points="{x:.2f},{y:.2f}" {more}></points>'


def box(left: float, top: float, right: float, bottom: float, more: str = "") -> str:
    return f'<box label="mouse" xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}" {more}></box>'


def objects(file: Path) -> list[list[list[float]]]:
    """Return the keypoints of each object of the first image."""
    return [one.keypoints.tolist() for one in read_labels(file).images[0].objects]


@pytest.mark.parametrize("kind", ["skeleton", "groups"])
def test_the_truth_is_read(truth: Labels, tmp_path: Path, kind: str) -> None:
    drawn = replace(truth, skeleton=[(0, 1), (15, 3)])
    labels = read_labels(write_cvat(drawn, tmp_path / "a.xml", kind), images=truth.root / "images")
    assert_same(labels, truth)
    assert list(labels.keypoints) == list(truth.keypoints)
    assert (labels.format, labels.category, labels.notes) == ("cvat", "person", [])
    assert labels.skeleton == ([(0, 1), (15, 3)] if kind == "skeleton" else [])


def test_single_points_in_boxes_and_one_of_each_per_image(truth: Labels, tmp_path: Path) -> None:
    one = replace(truth, images=truth.images[:1])
    images = truth.root / "images"
    for labels in (one, without_boxes(one)):
        file = write_cvat(labels, tmp_path / "a.xml", "points")
        assert_same(read_labels(file, images=images), labels)
    with pytest.raises(InputError, match=r"000000002.jpg: two points are called"):
        read_labels(write_cvat(without_boxes(truth), tmp_path / "a.xml", "points"), images=images)


def test_two_decimals(truth: Labels, tmp_path: Path) -> None:
    """CVAT itself writes no more: to half of 0.01 px."""
    rounded = replace(
        truth,
        images=[
            replace(
                image,
                objects=[replace(one, keypoints=one.keypoints.round(2)) for one in image.objects],
            )
            for image in truth.images
        ],
    )
    file = write_cvat(rounded, tmp_path / "a.xml")
    read = read_labels(file, images=truth.root / "images")
    assert_same(read, rounded)
    difference = read.images[0].objects[0].keypoints - truth.images[0].objects[0].keypoints
    assert 0 < np.nanmax(abs(difference)) <= 0.00501


def test_what_belongs_together(tmp_path: Path) -> None:
    nan = [np.nan, np.nan]
    left = point("nose", 20, 20) + point("tail", 30, 30)
    right = point("nose", 70, 70) + point("tail", 80, 80)
    for shapes, expected in (
        (left, [[[20, 20], [30, 30]]]),
        (left + box(0, 0, 25, 25), [[[20, 20], [30, 30]]]),  # one box is everybody's
        (left + right + box(10, 10, 40, 40) + box(60, 60, 90, 90), [
            [[20, 20], [30, 30]], [[70, 70], [80, 80]],
        ]),
        (point("nose", 20, 20, 'group_id="1"') + point("nose", 30, 30, 'group_id="2"')
         + point("tail", 25, 25, 'group_id="2"'), [[[20, 20], nan], [[30, 30], [25, 25]]]),
        (left + box(10, 10, 40, 40) + box(60, 60, 90, 90), [[[20, 20], [30, 30]], [nan, nan]]),
    ):  # fmt: skip
        # The second image makes both keypoints known.
        file = export(tmp_path, image(shapes) + image(right, "c.png"))
        np.testing.assert_array_equal(objects(file), expected)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (point("nose", 1, 1) + point("nose", 2, 2) + point("tail", 3, 3), "two points are called"),
        (point("nose", 50, 50) + point("tail", 5, 5) + box(0, 0, 10, 10) + box(90, 90, 99, 99),
         "'nose' at x = 50, y = 50 px is in none of 2 boxes"),
        (point("nose", 5, 5) + point("tail", 5, 5) + box(0, 0, 10, 10) + box(1, 1, 20, 20),
         "'nose' at x = 5, y = 5 px is in 2 of 2 boxes"),
        (point("nose", 5, 5) + point("tail", 5, 5, 'group_id="1"'), "some points are tied"),
        (point("nose", 5, 5, 'group_id="1"') + point("tail", 5, 5) + box(0, 0, 9, 9, 'group_id="1"')
         + box(1, 1, 9, 9, 'group_id="1"'), "2 boxes are tied to the same points"),
        ('<points label="a" points="1,2;3,4"></points><points label="a" points="1,2"></points>',
         "a shape 'a' has 1 points, but one before it has 2"),
        ('<points label="a" points="1,2,3"></points>', "must be x,y;x,y"),
        ('<points label="a" points=""></points>', "must be x,y;x,y"),
        ('<points label="a" points="nan,2"></points>', "'a' must be a number, got 'nan'"),
        ('<points label="a" points="1_0,2"></points>', "'a' must be a number, got '1_0'"),
        ('<points label="a" points="1e9,2"></points>', "too far outside"),
        ('<points points="1,2"></points>', "points must have a label"),
        (point("a", 1, 1) + box(9, 1, 1, 9), "box 'mouse' ends before it begins"),
        (point("a", 1, 1) + '<box label="x" xtl="1" ytl="1" xbr="2"></box>', "ybr of box 'x'"),
        ('<skeleton label="m"><points label="a" points="1,2;3,4"/></skeleton>', "must be one"),
        ('<skeleton label="m"><points label="a" points="1,2"/><points label="a" points="1,2"/>'
         "</skeleton>", "two points 'a'"),
        ("", "has no points and no skeletons"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, shapes: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_labels(export(tmp_path, image(shapes)))
    assert "annotations.xml" in str(error.value)
    assert shapes == "" or "a.b.png" in str(error.value)


def test_only_one_keypoint(tmp_path: Path) -> None:
    file = export(tmp_path, image(point("tip", 1, 2) + point("tip", 3, 4)))
    assert objects(file) == [[[1, 2]], [[3, 4]]]


def test_shapes_of_several_points(tmp_path: Path) -> None:
    shape = '<points label="{}" points="1,2;3,4" occluded="{}"></points>'
    around, elsewhere = box(0, 0, 5, 5), box(50, 50, 60, 60)
    labels = read_labels(export(tmp_path, image(shape.format("m", 1) + around + elsewhere)))
    (one,) = labels.images[0].objects
    assert labels.keypoints == ["m_1", "m_2"] and labels.category == "m"
    assert one.keypoints.tolist() == [[1, 2], [3, 4]] and one.hidden.tolist() == [True, True]
    assert one.box is not None and one.box.tolist() == [0, 0, 5, 5]
    assert "1 boxes around no points, or around those of several" in labels.notes[-1]
    labels = read_labels(export(tmp_path, image(shape.format("eye", 0) + shape.format("ear", 0))))
    assert labels.keypoints == ["eye_1", "eye_2", "ear_1", "ear_2"]
    assert [len(image.objects) for image in labels.images] == [1]


def test_skeletons_of_several_labels(tmp_path: Path) -> None:
    made = '<skeleton label="{}"><points label="{}" points="1,2" occluded="1"/></skeleton>'
    same = export(tmp_path, image(made.format("cat", "nose") + made.format("dog", "nose")))
    labels = read_labels(same)
    assert len(labels.images[0].objects) == 2 and labels.images[0].objects[0].hidden.all()
    assert "The skeletons cat, dog have the same points, and are one here." in labels.notes
    with pytest.raises(InputError, match="skeletons of different points: cat, dog"):
        read_labels(export(tmp_path, image(made.format("cat", "a") + made.format("dog", "b"))))


def test_order_of_the_labels_and_other_shapes(tmp_path: Path) -> None:
    meta = "<task><labels>{}</labels></task>".format(
        "".join(f"<label><name>{name}</name></label>" for name in ("tail", "unused", "nose"))
    )
    polygon = '<polygon label="x" points="1,1;2,2;3,3"></polygon>'
    shapes = point("nose", 1, 2) + polygon + polygon + '<tag label="x"></tag>' + point("tail", 3, 4)
    labels = read_labels(export(tmp_path, image(shapes), meta))
    assert labels.keypoints == ["tail", "nose"]
    assert labels.notes == ["Of annotations.xml are left out: 2 shapes of the kind polygon."]


def test_a_box_that_is_turned(tmp_path: Path) -> None:
    shapes = point("nose", 50, 50) + point("tail", 50, 60) + box(40, 45, 60, 55, 'rotation="90"')
    labels = read_labels(export(tmp_path, image(shapes)))
    np.testing.assert_allclose(labels.images[0].objects[0].box, [45, 40, 55, 60])


def test_subsets_and_videos(tmp_path: Path) -> None:
    meta = (
        "<project><tasks><task><id>1</id><mode>interpolation</mode><source>run.mp4</source></task>"
        "<task><id>2</id><mode>annotation</mode></task></tasks></project>"
    )
    nose = point("nose", 1, 2)
    images = (
        image(nose, "frame_000000", 'subset="Train" task_id="1"')
        + image(nose, "c.png", 'subset="Validation" task_id="2"')
        + image(nose, "gone.png", 'subset="Test" task_id="2"')
    )
    file = export(tmp_path, images, meta)
    (tmp_path / "images/Train").mkdir(parents=True)
    shutil.move(tmp_path / "a.b.png", tmp_path / "images/Train/frame_000000.PNG")
    labels = read_labels(file)
    assert [(one.path.name, one.split, one.group) for one in labels.images] == [
        ("frame_000000.PNG", "train", "run.mp4"),
        ("c.png", "val", None),
    ]
    assert labels.notes == ["Of annotations.xml are left out: 1 images of the subset for tests."]


def test_frames_of_one_video_are_a_group(tmp_path: Path) -> None:
    meta = "<task><id>1</id><name>mice</name><mode>interpolation</mode></task>"
    labels = read_labels(export(tmp_path, image(point("nose", 1, 2)), meta))
    assert labels.images[0].group == "mice"


def test_video_export_is_named(tmp_path: Path) -> None:
    track = '<track id="0" label="nose"><points frame="0" points="1,2"/></track>'
    with pytest.raises(InputError, match=r"CVAT for video.* Export the task as .CVAT for images"):
        read_labels(export(tmp_path, track))


def test_hostile_xml(truth: Labels, tmp_path: Path) -> None:
    steps = zip("abcdefgh", "bcdefghi", strict=True)
    laughs = "".join(f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in steps)
    laughs = f'<!DOCTYPE a [<!ENTITY a "ha">{laughs}]>'
    text = cvat_text(truth)
    declaration, _, rest = text.partition("\n")
    external = '<!DOCTYPE a SYSTEM "file:///etc/passwd">'
    for changed, message in (
        (f"{declaration}{laughs}{rest}", "declares a document type"),
        (f"{declaration}{external}{rest}", "declares a document type"),
        (text[: len(text) // 2], "is not XML"),
        (text.replace("</meta>", ""), "is not XML"),
        (text.replace("utf-8", "nonsense"), "is not XML"),
        (text.replace("<meta>", "<meta>" + "<a>" * 100_000), "more than 32 levels"),
        (text.replace("<meta>", "&unknown;<meta>"), "is not XML"),
        (text.replace('width="', 'width="-'), "must be above 0"),
        (text.replace('width="', 'broad="'), "width must be a number, got nothing"),
        (text.replace('name="0000', 'title="'), "must have a name"),
    ):
        file = tmp_path / "a.xml"
        file.write_text(changed)
        with pytest.raises(InputError, match=message):
            read_labels(file, "cvat", truth.root / "images")
