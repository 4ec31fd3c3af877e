"""The tables of DeepLabCut."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhg.datasets.deeplabcut import read_labels
from mmhg.errors import InputError
from mmhg.labels.deeplabcut import read

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
def file(tmp_path: Path) -> Path:
    path = tmp_path / "CollectedData_me.csv"
    path.write_text(ONE_ANIMAL)
    return path


def test_one_animal(file: Path) -> None:
    names, frames = read_labels(file)
    assert names == ["snout", "ear", "tail"]
    assert list(frames) == [f"labeled-data/clip/img{number}.png" for number in range(3)]
    (found,) = frames["labeled-data/clip/img0.png"].values()
    np.testing.assert_array_equal(found, [(10.5, 20.25), (30, 5), (np.nan, np.nan)])
    assert np.isnan(frames["labeled-data/clip/img1.png"][""]).all()


def test_several_animals_in_the_form_of_later_versions(file: Path) -> None:
    file.write_text(SEVERAL_ANIMALS)
    names, frames = read_labels(file)
    assert names == ["snout", "tail"]
    assert list(frames) == ["labeled-data/clip/img0.png", "labeled-data/clip/img1.png"]
    animals = frames["labeled-data/clip/img1.png"]
    assert np.isnan(animals["a"]).all()
    assert animals["b"].tolist() == [[21, 22], [25, 27]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "must begin with the rows scorer, bodyparts and coords"),
        (ONE_ANIMAL.replace("10.5", "left"), r"img0\.png: expected 6 numbers, x and y: .*left"),
        (ONE_ANIMAL.replace("10.5,", ""), r"img0\.png: expected 6 numbers"),
        (ONE_ANIMAL.replace("y,x,y\n", "y,x,likelihood\n"), r"expected 6 numbers, x and y"),
        (ONE_ANIMAL.replace("img2", "img0"), r"me\.csv has the frame '.*img0\.png' twice"),
        (ONE_ANIMAL.replace("7,8,,", "7,,,"), r"img2\.png: ear has only one of x and y"),
        (
            ONE_ANIMAL.replace("y,x,y\n", "y,x\n"),
            "equally long, got cells: scorer 7, bodyparts 7, c",
        ),
        (ONE_ANIMAL.replace("y,x,y\n", "y,,y\n"), r"expected 6 numbers, x and y: coords has ''"),
        (ONE_ANIMAL.replace("10.5", "inf"), r"img0\.png: .* 'inf' is not a number"),
        (ONE_ANIMAL.replace("7,8", "1_0,8"), r"img2\.png: .* '1_0' is not a number"),
    ],
)
def test_refuses_other_forms(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        read_labels(file)


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
    file: Path, changes: list[tuple[str, str]], encoding: str
) -> None:
    names, expected = read_labels(file)
    text = ONE_ANIMAL
    for old, new in changes:
        text = text.replace(old, new)
    file.write_bytes((text + "\n\n").encode(encoding))
    found_names, found = read_labels(file)
    assert (found_names, list(found)) == (names, list(expected))
    for frame, animals in expected.items():
        np.testing.assert_array_equal(found[frame][""], animals[""])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../img0.png", "outside|img0"),
        ("/etc/hostname", "outside|hostname"),
        ("labeled-data/../../img0.png", "outside|img0"),
        ("labeled-data/clip/img9.png", r"img9\.png"),
    ],
)
def test_pictures_outside_of_the_project_or_missing(
    name: str, message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "project/labeled-data/clip"
    folder.mkdir(parents=True)
    for picture in (folder / "img1.png", folder / "img2.png", tmp_path / "img0.png"):
        cv2.imwrite(str(picture), np.zeros((40, 60, 3), np.uint8))
    text = ONE_ANIMAL.replace("labeled-data/clip/img0.png", name)
    (folder / "CollectedData_me.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "project")
