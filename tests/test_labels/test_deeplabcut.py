"""Labels of DeepLabCut projects."""

import pickle
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from label_files import assert_same
from label_files_b import (
    LINKS,
    keypoints_of,
    read_hdf5_here,
    seen_only,
    write_as_h5,
    write_deeplabcut,
)
from mmhg.datasets.deeplabcut_h5 import _pickled_texts
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels
from mmhg.labels.deeplabcut import recognizes

CSV = "labeled-data/clip/CollectedData_me.csv"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read HDF5 files in this process, which is quick."""
    for module in ("labels.deeplabcut", "datasets.deeplabcut_h5", "labels.mpii"):
        monkeypatch.setattr(f"mmhg.{module}.read_hdf5", read_hdf5_here)


@pytest.fixture
def one_animal(truth: Labels) -> Labels:
    images = [replace(image, objects=image.objects[:1]) for image in truth.images]
    return seen_only(replace(truth, images=images))


def configure(project: Path, **settings) -> None:
    file = project / "config.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    "form", [None, ("fixed", 1), ("fixed", 3), ("table", 1)], ids=["csv", "fixed1", "fixed3", "t"]
)
def test_truth(several: bool, form, truth: Labels, one_animal: Labels, tmp_path: Path) -> None:
    made = write_deeplabcut(
        seen_only(truth) if several else one_animal, tmp_path / "project", several=several
    )
    if form is not None:
        write_as_h5(tmp_path / "project" / CSV, layout=form[0], parts=form[1])
        (tmp_path / "project" / CSV).unlink()
    found = read_labels(tmp_path / "project")
    assert_same(found, made)
    assert (found.format, found.category, found.notes) == ("deeplabcut", "animal", [])
    assert list(found.skeleton) == list(LINKS)
    assert found.flip_pairs is None
    assert {(image.group, image.frame, image.split) for image in found.images} == {
        ("clip", None, None)
    }


@pytest.mark.usefixtures("here")
def test_folders_and_files_of_a_project(one_animal: Labels, tmp_path: Path) -> None:
    made = write_deeplabcut(one_animal, tmp_path)
    file = tmp_path / CSV
    for path in (file.parent.parent, file.parent, file):
        assert_same(read_labels(path), made)
        assert list(read_labels(path).skeleton) == list(LINKS)  # of config.yaml, further up
    write_as_h5(file, layout="table")
    assert_same(read_labels(file.with_suffix(".h5")), made)
    pictures = tmp_path / "elsewhere"
    file.parent.rename(pictures)
    moved = pictures / file.name
    file.parent.mkdir()
    moved.rename(file)
    with pytest.raises(InputError, match=r"2 of 2 pictures are missing, .*clip/img000\.png"):
        read_labels(tmp_path / "labeled-data")
    found = read_labels(tmp_path, images=pictures)
    assert [image.path.name for image in found.images] == ["img000.png", "img001.png"]
    assert found.images[0].group == "clip"


def test_body_parts_are_those_of_the_project(truth: Labels, tmp_path: Path) -> None:
    made = write_deeplabcut(seen_only(truth), tmp_path, several=True)
    names = list(truth.keypoints)
    kept = [names[3], names[1], "antenna", names[0]]
    configure(tmp_path, multianimalbodyparts=kept, uniquebodyparts=names[5:7])
    found = read_labels(tmp_path)
    assert found.keypoints == [names[3], names[1], names[0]]
    order = [3, 1, 0]
    for image, other in zip(found.images, made.images, strict=True):
        for one, same in zip(image.objects, other.objects, strict=True):
            np.testing.assert_array_equal(one.keypoints, same.keypoints[order])
    assert list(found.skeleton) == [(2, 1)]
    assert found.notes == [
        f"Body parts that belong to no animal are left out: {names[5]}, {names[6]}.",
        "Body parts that config.yaml does not list are left out: "
        f"{', '.join(name for n, name in enumerate(names) if n not in (0, 1, 3, 5, 6))}.",
        "config.yaml lists body parts that no file has: antenna.",
    ]


UNIQUE = """\
scorer,me,me,me,me,me,me
individuals,mouse,mouse,mouse,mouse,single,single
bodyparts,nose,nose,tail,tail,corner,corner
coords,x,y,x,y,x,y
labeled-data/clip/img000.png,1,2,3,4,50,60
"""


def test_what_belongs_to_no_animal_is_found_without_a_config(
    one_animal: Labels, tmp_path: Path
) -> None:
    write_deeplabcut(one_animal, tmp_path)
    (tmp_path / "config.yaml").unlink()
    (tmp_path / CSV).write_text(UNIQUE)
    found = read_labels(tmp_path)
    assert found.keypoints == ["nose", "tail"]
    assert keypoints_of(found) == [[[[1, 2], [3, 4]]]]
    assert found.images[0].objects[0].id == "mouse"
    (tmp_path / CSV).write_text(UNIQUE.replace("mouse", "single"))
    assert read_labels(tmp_path).keypoints == ["nose", "tail", "corner"]


def test_several_videos(one_animal: Labels, tmp_path: Path) -> None:
    write_deeplabcut(one_animal, tmp_path)
    other = tmp_path / "labeled-data/other"
    other.mkdir()
    (tmp_path / "labeled-data/clip/img001.png").rename(other / "img001.png")
    text = (tmp_path / CSV).read_text()
    rows = text.splitlines(keepends=True)
    (tmp_path / CSV).write_text("".join(rows[:-1]))
    moved = rows[-1].replace("/clip/", "/other/")
    (other / "CollectedData_me.csv").write_text("".join(rows[:-2]) + moved)
    found = read_labels(tmp_path)
    assert [(image.path.parent.name, image.group) for image in found.images] == [
        ("clip", "clip"),
        ("other", "other"),
    ]
    # Frames of all videos have the same names: the picture of another one is never taken.
    (other / "img001.png").rename(tmp_path / "labeled-data/clip/img001.png")
    with pytest.raises(InputError, match=r"other/img001\.png: its picture is missing, and .*/clip"):
        read_labels(tmp_path)
    (other / "CollectedData_me.csv").write_text("".join(rows[:-1]))
    with pytest.raises(InputError, match=r"other.*: labeled-data/clip/img000.* a second time, bef"):
        read_labels(tmp_path)
    (tmp_path / "config.yaml").unlink()
    (other / "CollectedData_me.csv").write_text("".join(rows[:-1]).replace("pelvis", "hub"))
    with pytest.raises(InputError, match=r"other.* has the body parts .*'hub'.*config\.yaml must"):
        read_labels(tmp_path)


def test_another_scorers_file_is_left_out(one_animal: Labels, tmp_path: Path) -> None:
    made = write_deeplabcut(one_animal, tmp_path)
    file = tmp_path / CSV
    file.with_name("CollectedData_you.csv").write_text(file.read_text().replace(",me", ",you"))
    found = read_labels(tmp_path)
    assert_same(found, made)
    assert "1 files of other scorers than me are left out" in found.notes[0]
    configure(tmp_path, scorer="nobody")
    with pytest.raises(InputError, match=r"_you\.csv: .* is labeled a second time"):
        read_labels(tmp_path)


@pytest.mark.parametrize(
    "text", ["bodyparts: [", "- 1", "bodyparts: MULTI!\nskeleton: 3", "skeleton: [[1, [2]], 7, a]"]
)
def test_a_config_that_says_nothing(text: str, one_animal: Labels, tmp_path: Path) -> None:
    made = write_deeplabcut(one_animal, tmp_path)
    (tmp_path / "config.yaml").write_text(text)
    found = read_labels(tmp_path)
    assert_same(found, made)
    assert not found.skeleton


class Code:
    """A pickle of it runs a program."""

    def __reduce__(self):
        return exec, ("raise SystemExit('run')",)


@pytest.mark.parametrize(
    ("pickled", "words"),
    [
        (pickle.dumps([Code()], protocol=0), "pickled, with GLOBAL"),
        (pickle.dumps([("me", "nose", 1)], protocol=0), "pickled, with INT"),
        (pickle.dumps(["me"], protocol=0), "are not texts"),
        (b"no pickle", ""),
        (b"g5\n.", ""),
        (b"a.", ""),
    ],
)
def test_pickles_are_not_run(pickled: bytes, words: str) -> None:
    with pytest.raises((ValueError, LookupError), match=words):
        _pickled_texts(pickled)


@pytest.mark.usefixtures("here")
def test_hdf5_that_only_pandas_reads(one_animal: Labels, tmp_path: Path) -> None:
    write_deeplabcut(one_animal, tmp_path)
    file = write_as_h5(tmp_path / CSV, layout="table")
    with h5py.File(file, "a") as content:
        pickled = np.bytes_(pickle.dumps([Code()], protocol=0))
        content["df_with_missing/table"].attrs["values_block_0_kind"] = pickled
    with pytest.raises(
        InputError, match=r"me\.h5 has a form that .*, with GLOBAL.*Put it back, or"
    ):
        read_labels(file, "deeplabcut")

    def change(name: str, value: np.ndarray | bytes) -> Path:
        file = write_as_h5(tmp_path / CSV, layout="fixed", parts=3 if "label" in name else 1)
        with h5py.File(file, "a") as content:
            if isinstance(value, bytes):  # what pandas pickles, as an array of bytes
                content["keypoints"][name].attrs["kind"] = np.bytes_(value)
            else:
                content["keypoints"].pop(name, None)
                content["keypoints"][name] = value
        return file

    for name, value, words in (
        ("block1_values", np.ones(3), "columns of different types"),
        ("axis1", b"object", "its names are not texts but b'object'"),
        ("axis1_label2", np.array([0, -1]), "a name is missing"),
        ("block0_values", np.ones((2, 3)), r"float64 of shape \(2, 3\)"),
    ):
        with pytest.raises(InputError, match=rf"me\.h5 has a form that .*{words}.*Put it back, or"):
            read_labels(change(name, value), "deeplabcut")
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"me\.h5 is not an HDF5 file .*Put it back, or"):
        read_labels(file, "deeplabcut")


def test_what_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "labeled-data/clip").mkdir(parents=True)
    assert not recognizes(tmp_path)
    with pytest.raises(InputError, match=r"has no labeled-data/\*/CollectedData_"):
        read_labels(tmp_path, "deeplabcut")
    for name, content in {
        "a.csv": b"x,y\n1,2\n",
        "b.csv": b"\xff" * 99,
        "c.h5": b"\x89HDF\r\n\x1a\n",
        "d.h5": b"",
    }.items():
        (tmp_path / name).write_bytes(content)
        assert not recognizes(tmp_path / name)
    assert not recognizes(tmp_path / "none")
    (tmp_path / "e.csv").write_text("scorer,me\nbodyparts,nose\ncoords,x\n", "utf-16")
    assert recognizes(tmp_path / "e.csv")
