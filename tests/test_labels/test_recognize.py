"""Each format is recognized by its content, and nothing else is."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from label_files import assert_same, write_coco, write_cvat, write_label_studio
from mmhg.errors import InputError
from mmhg.labels import FORMATS, Labels, read_labels
from mmhg.labels.recognize import _reader

OURS = ("coco", "cvat", "label_studio", "yolo_pose")


@pytest.fixture
def exports(truth: Labels, tmp_path: Path) -> dict[str, Path]:
    yolo = tmp_path / "yolo"
    yolo.mkdir()
    (yolo / "images").symlink_to(truth.root / "images")
    (yolo / "labels").mkdir()
    (yolo / "data.yaml").write_text("kpt_shape: [3, 2]\ntrain: images\n")
    return {
        "coco": write_coco(truth, tmp_path / "odd.name.v2.json"),
        "cvat": write_cvat(truth, tmp_path / "a.xml"),
        "label_studio": write_label_studio(truth, tmp_path / "b.json"),
        "yolo_pose": yolo,
    }


def test_recognized_by_content(exports: dict[str, Path]) -> None:
    for format, path in exports.items():
        assert [name for name in OURS if _reader(name).recognizes(path)] == [format]


def test_folders(truth: Labels, tmp_path: Path) -> None:
    for format, write, name in (
        ("coco", write_coco, "annotations/person_keypoints_train.json"),
        ("coco", write_coco, "result.json"),
        ("cvat", write_cvat, "annotations.xml"),
    ):
        folder = tmp_path / name.replace("/", "_")
        write(truth, folder / name)
        assert [one for one in OURS if _reader(one).recognizes(folder)] == [format], name


def test_beginnings_tell(tmp_path: Path) -> None:
    """Files are larger than what is read of them, and cut off there."""
    long = '"' + "x" * 100_000 + '"'
    quote = '{"a": "' + '\\"' * 100_000
    for text, format in (
        ('{"info": {"images": 1}, "images": [' + long, "coco"),
        ('{"annotations": [' + long, "coco"),
        ('{"info": {"images": 1}, "licenses": [' + long, None),
        ('\n [{"id": 1, "annotations": [{"result": [' + long, "label_studio"),
        ('[{"id": 1, "image": "a.jpg", "annotation_id": 1, "annotator": 1}]', "label_studio"),
        ('[{"id": 1, "joints": [], "image": "a.jpg"}]', None),
        ("<annotations><version>1.1</version>" + " " * 100_000, "cvat"),
        ("<annotation><folder>x</folder></annotation>", None),  # Pascal VOC
        (quote, None),
    ):
        (tmp_path / "file").write_text(text)
        found = [name for name in OURS if _reader(name).recognizes(tmp_path / "file")]
        assert found == ([format] if format else []), text[:60]


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_else_is_recognized_and_nothing_fails(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "locked").mkdir()
    for number, data in enumerate(
        (
            b"", b"\0" * 1000, b"{", b"[", b"[" * 200_000, b'{"a":' * 50_000, b"\xff\xfe{\0", b"<",
            b"<!DOCTYPE a [<!ENTITY b 'c'>]><annotations><meta/></annotations>", b"[1, 2]",
            b"<?xml version='1.0' encoding='nonsense'?><annotations/>", b"kpt_shape", b"null",
            b"<a>" * 50_000, b'"', b'[{"annotations": 1}]', b"PK\3\4", b"\x89HDF\r\n\x1a\n",
        )
    ):  # fmt: skip
        for suffix in ("json", "xml", "yaml", "mat", "slp"):
            (tmp_path / f"{number}.{suffix}").write_bytes(data)
    for path in (*tmp_path.iterdir(), tmp_path / "none", Path("a\0b"), Path("x" * 5000)):
        assert not _reader(name).recognizes(path), path


def test_what_is_said_of_others(truth: Labels, tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    file.write_text("[1]")
    with pytest.raises(InputError, match=r"notes.json is not in a format that is known: COCO"):
        read_labels(file)
    with pytest.raises(InputError, match=r"there is no .*none.json"):
        read_labels(tmp_path / "none.json")
    with pytest.raises(InputError, match=r"there is no folder .*nowhere"):
        read_labels(file, images=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"format must be one of coco, .*, got 'voc'"):
        read_labels(file, format="voc")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("annotations.xml", "<annotations/>")
    with pytest.raises(InputError, match=r"is an archive. Unpack it"):
        read_labels(tmp_path / "export.zip")
    both = tmp_path / "both"
    write_coco(truth, both / "annotations.json")
    write_cvat(truth, both / "annotations.xml")
    with pytest.raises(InputError, match=r"looks like coco and cvat. Say which by --format"):
        read_labels(both)
    assert_same(read_labels(both, "cvat", truth.root / "images"), truth)


def test_labels_without_a_keypoint_are_refused(tmp_path: Path, pictures: Path) -> None:
    shutil.copytree(pictures, tmp_path / "images")
    write = dict(path=".", train="images", kpt_shape=[1, 3], names=["a"])
    (tmp_path / "data.yaml").write_text(json.dumps(write))
    (tmp_path / "labels").mkdir()
    for picture in pictures.iterdir():
        (tmp_path / "labels" / f"{picture.stem}.txt").write_text("0 0.5 0.5 0.2 0.2 0 0 0\n")
    with pytest.raises(InputError, match=r"2 images without a single labeled keypoint"):
        read_labels(tmp_path)
