"""Labels of DeepLabCut projects in COCO's format."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhg.datasets.deeplabcut import coco_annotations
from mmhg.errors import InputError

ONE_ANIMAL = """\
scorer,me,me,me,me,me,me
bodyparts,snout,snout,ear,ear,tail,tail
coords,x,y,x,y,x,y
labeled-data/clip/img0.png,10.5,20.25,30,5,,
labeled-data/clip/img1.png,,,,,,
labeled-data/clip/img2.png,,,7,8,,
"""
SEVERAL_ANIMALS = """\
scorer,,,me,me,me,me,me,me,me,me
individuals,,,a,a,a,a,b,b,b,b
bodyparts,,,snout,snout,tail,tail,snout,snout,tail,tail
coords,,,x,y,x,y,x,y,x,y
labeled-data,clip,img0.png,1,2,3,5,11,12,14,15
labeled-data,clip,img1.png,,,,,21,22,25,27
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "labeled-data/clip"
    folder.mkdir(parents=True)
    for number in range(3):
        cv2.imwrite(str(folder / f"img{number}.png"), np.zeros((40, 60, 3), np.uint8))
    write(tmp_path, ONE_ANIMAL)
    return tmp_path


def write(project: Path, text: str, clip: str = "clip") -> None:
    (project / "labeled-data" / clip).mkdir(exist_ok=True)
    (project / f"labeled-data/{clip}/CollectedData_me.csv").write_text(text)


def test_one_animal(project: Path) -> None:
    content = coco_annotations(project)
    assert [image["file_name"] for image in content["images"]] == [
        f"labeled-data/clip/img{number}.png" for number in range(3)
    ]
    assert (content["images"][2]["width"], content["images"][2]["height"]) == (60, 40)
    assert content["categories"][0]["keypoints"] == ["snout", "ear", "tail"]
    first, last = content["annotations"]  # nothing is labeled in the second frame
    assert first == dict(
        id=1,
        image_id=1,
        category_id=1,
        iscrowd=0,
        bbox=[10.5, 5.0, 19.5, 15.25],
        area=19.5 * 15.25,
        num_keypoints=2,
        keypoints=[10.5, 20.25, 2, 30, 5, 2, 0, 0, 0],
    )
    assert (last["image_id"], last["num_keypoints"]) == (3, 1)
    assert last["bbox"] == [0, 0, 60, 40]  # a single keypoint has no extent


def test_several_animals_in_the_form_of_later_versions(project: Path) -> None:
    write(project, SEVERAL_ANIMALS)
    content = coco_annotations(project)
    assert content["images"][1]["file_name"] == "labeled-data/clip/img1.png"
    assert content["categories"][0]["keypoints"] == ["snout", "tail"]
    assert [(one["id"], one["image_id"]) for one in content["annotations"]] == [
        (1, 1),
        (2, 1),
        (3, 2),
    ]
    assert content["annotations"][1]["keypoints"] == [11, 12, 2, 14, 15, 2]


def test_files_of_several_videos(project: Path) -> None:
    *header, first, second, third = ONE_ANIMAL.splitlines(keepends=True)
    write(project, "".join([*header, first]))
    write(project, "".join([*header, second, third]), "other")
    assert len(coco_annotations(project)["images"]) == 3
    write(project, "".join([*header, second, first]), "other")
    with pytest.raises(InputError, match=r"other.* same frame, labeled-data/clip/img0\.png"):
        coco_annotations(project)
    write(project, ONE_ANIMAL.replace("snout", "nose"), "other")
    with pytest.raises(InputError, match=r"other.*\['nose', 'ear', 'tail'\].*\['snout', "):
        coco_annotations(project)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "must begin with the rows scorer, bodyparts and coords"),
        (ONE_ANIMAL.replace("10.5", "left"), r"img0\.png: expected 6 numbers, x and y: .*left"),
        (ONE_ANIMAL.replace("10.5,", ""), r"img0\.png: expected 6 numbers"),
        (ONE_ANIMAL.replace("y,x,y\n", "y,x,likelihood\n"), r"expected 6 numbers, x and y"),
        (ONE_ANIMAL.replace("img2", "img9"), r"img9\.png"),
        (ONE_ANIMAL.replace("img2", "img0"), r"me\.csv has the frame '.*img0\.png' twice"),
        (ONE_ANIMAL.replace("7,8,,", "7,,,"), r"img2\.png: ear has only one of x and y"),
        (
            ONE_ANIMAL.replace("y,x,y\n", "y,x\n"),
            "equally long, got cells: scorer 7, bodyparts 7, c",
        ),
        (ONE_ANIMAL.replace("y,x,y\n", "y,,y\n"), r"expected 6 numbers, x and y: coords has ''"),
        (ONE_ANIMAL.replace("10.5", "1e9"), r"img0\.png: label at x = 1e\+09, .* of 60 x 40 px"),
        (ONE_ANIMAL.replace("10.5", "inf"), r"img0\.png: .* 'inf' is not a number"),
        (ONE_ANIMAL.replace("7,8", "1_0,8"), r"img2\.png: .* '1_0' is not a number"),
    ],
)
def test_refuses_other_forms(project: Path, text: str, message: str) -> None:
    write(project, text)
    with pytest.raises(InputError, match=message):
        coco_annotations(project)


@pytest.mark.parametrize(
    ("changes", "encoding"),
    [
        ([(",", ";"), (".5", ",5"), (".25", ",25")], "utf-8-sig"),
        ([(",", "\t"), ("\n", "\r\n")], "utf-16"),
        (
            [("scorer", "Scorer"), ("bodyparts", " BodyParts "), ("coords,x,y", "Coords,X, Y")],
            "utf-8",
        ),
        ([("10.5,20.25", '"10,5","20,25"')], "utf-8"),
        ([(",,\n", ",nan,NaN\n"), ("\n", ",,\n")], "utf-8"),
    ],
)
def test_what_a_spreadsheet_saves(
    project: Path, changes: list[tuple[str, str]], encoding: str
) -> None:
    expected = coco_annotations(project)
    text = ONE_ANIMAL
    for old, new in changes:
        text = text.replace(old, new)
    file = project / "labeled-data/clip/CollectedData_me.csv"
    file.write_bytes((text + "\n\n").encode(encoding))
    assert coco_annotations(project) == expected


def test_refuses_a_folder_without_labels(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no labeled-data/\*/CollectedData_"):
        coco_annotations(tmp_path)
