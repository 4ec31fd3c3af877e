"""Labels of SLEAP: of videos, of pictures, and with the pictures inside."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from label_files import assert_same
from label_files_b import (
    FRAME,
    INSTANCE,
    LINKS,
    embed,
    keypoints_of,
    read_hdf5_here,
    seen_only,
    slp_metadata,
    write_slp,
    write_video,
)
from mmhg.errors import InputError
from mmhg.labels import Labels, read_labels
from mmhg.labels.frames import read_frame
from mmhg.labels.sleap import read, recognizes

NAMES = ("nose", "left_ear", "right_ear")
POINTS = np.array([[10.25, 20.5], [30, 5.125], [np.nan, np.nan]])


def frames_of(truth: Labels, video: int = 0, first: int = 0):
    return [
        (video, first + number, [one.keypoints for one in image.objects])
        for number, image in enumerate(truth.images)
    ]


def pictures_of(truth: Labels) -> list[np.ndarray]:
    return [cv2.imread(str(image.path)) for image in truth.images]


def in_video(name: str, **stated) -> dict:
    return dict(backend=dict(type="MediaVideo", filename=name, grayscale=False, **stated))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of eight gray frames, 64 x 48 px."""
    return write_video(
        tmp_path / "clip.avi", [np.full((48, 64, 3), 30 * n, np.uint8) for n in range(8)]
    )


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read HDF5 files in this process, which is quick."""
    for module in ("sleap_file", "sleap_videos", "frames", "deeplabcut", "mpii"):
        monkeypatch.setattr(f"mmhg.labels.{module}.read_hdf5", read_hdf5_here)


def write_one(folder: Path, **changes) -> Path:
    """Write the labels of one frame of `clip`."""
    videos = [in_video("clip.avi", shape=[8, 48, 64, 3])]
    return write_slp(folder / "a.slp", NAMES, videos, [(0, 3, [POINTS])], **changes)


@pytest.mark.usefixtures("here")
def test_truth_of_a_video(truth: Labels, tmp_path: Path) -> None:
    width, height = 400, 240
    blank = np.zeros((height, width, 3), np.uint8)
    pictures = []
    for picture in pictures_of(truth):
        pictures.append(blank.copy())
        pictures[-1][: picture.shape[0], : picture.shape[1]] = picture
    write_video(tmp_path / "clip.avi", [blank, pictures[0], blank, pictures[1]])
    (_, _, first), (_, _, second) = frames_of(truth)
    listed = [(0, 3, second), (0, 1, first)]  # in any order
    video = in_video(r"C:\lab\videos\clip.avi", shape=[4, *pictures[0].shape])
    path = write_slp(tmp_path / "a.slp", truth.keypoints, [video], listed)
    found = read_labels(path)
    sizes = dict(path=found.images[0].path, width=width, height=height)
    made = [replace(one, **sizes) for one in truth.images]
    assert_same(found, seen_only(replace(truth, images=made)))
    assert [(image.path, image.frame, image.group) for image in found.images] == [
        (tmp_path / "clip.avi", 1, "clip.avi"),
        (tmp_path / "clip.avi", 3, "clip.avi"),
    ]
    for image, picture in zip(found.images, pictures, strict=True):
        assert cv2.absdiff(read_frame(image), picture).mean() < 3
    assert (found.format, list(found.skeleton)) == ("sleap", list(LINKS))
    assert list(found.flip_pairs) == [(0, 2)]
    assert found.notes == []


@pytest.mark.usefixtures("here")
def test_truth_of_pictures(truth: Labels, tmp_path: Path) -> None:
    names = [f"D:/lab/images/{image.path.name}" for image in truth.images]
    video = dict(backend=dict(filename=names[0], filenames=names, shape=[2, 1, 1, 3]))
    path = write_slp(tmp_path / "a.slp", truth.keypoints, [video], frames_of(truth))
    with pytest.raises(InputError, match=r"2 of 2 pictures are missing"):
        read_labels(path)
    found = read_labels(path, images=truth.root / "images")
    assert_same(found, seen_only(truth))
    assert {(image.group, image.frame, image.embedded) for image in found.images} == {
        ("images", None, None)
    }


@pytest.mark.usefixtures("here")
def test_truth_of_embedded_pictures(truth: Labels, tmp_path: Path) -> None:
    pictures = pictures_of(truth)
    source = dict(backend=dict(filename=r"C:\lab\clip.mp4"))
    videos = [
        dict(
            backend=dict(filename=".", dataset=f"video{n}/video", shape=[0, 0, 0, 0]),
            source_video=source if n else None,
        )
        for n in (4, 9)
    ]
    frames = [*frames_of(truth, 9, 70), (4, 5, [truth.images[0].objects[0].keypoints])]
    path = write_slp(tmp_path / "a.pkg.slp", truth.keypoints, videos, frames)
    embed(path, [*pictures, pictures[0]], [70, 71, 72], "video9")
    embed(path, [pictures[1], pictures[0]], [4, 5], "video4")
    found = read_labels(path)
    expected = keypoints_of(truth)
    assert keypoints_of(found) == [*expected, expected[0][:1]]
    assert [(image.frame, image.embedded) for image in found.images] == [
        (70, ("video9/video", 0)),
        (71, ("video9/video", 1)),
        (5, ("video4/video", 1)),
    ]
    for image, picture in zip(found.images, [*pictures, pictures[0]], strict=True):
        assert (read_frame(image) == picture).all()
        assert (image.width, image.height) == picture.shape[1::-1]
    assert [image.path for image in found.images] == [path] * 3


@pytest.mark.usefixtures("here")
def test_videos_of_one_name_are_groups_of_their_own(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write_video(tmp_path / folder / "clip.avi", [np.zeros((48, 64, 3), np.uint8)] * 2)
    videos = [in_video("/x/a/clip.avi"), in_video("/x/b/clip.avi"), in_video("/x/a/clip.avi")]
    frames = [(0, 0, [POINTS]), (1, 1, [POINTS]), (2, 1, [POINTS])]
    found = read_labels(write_slp(tmp_path / "a.slp", NAMES, videos, frames))
    assert [image.group for image in found.images] == [
        "/x/a/clip.avi",
        "/x/b/clip.avi",
        "/x/a/clip.avi",
    ]
    assert [image.path.parent.name for image in found.images] == ["a", "b", "a"]


@pytest.mark.usefixtures("here")
def test_where_pixels_begin(clip: Path) -> None:
    """Before format 1.1 the middle of the first pixel was 0.5."""
    for version, shift in ((1.0, 0.5), (1.1, 0), (2.1, 0)):
        path = write_one(clip.parent, version=version)
        (one,) = read_labels(path).images[0].objects
        np.testing.assert_array_equal(one.keypoints, POINTS - shift)
        path.unlink()


@pytest.mark.usefixtures("here")
def test_predictions_and_invisible_points_are_left_out(clip: Path) -> None:
    videos = [in_video("clip.avi")]
    frames = [(0, 1, [POINTS, POINTS + 1]), (0, 2, [POINTS]), (0, 5, [POINTS + 2, POINTS])]
    path = write_slp(clip.with_name("a.slp"), NAMES, videos, frames, predicted=1)
    with h5py.File(path, "a") as file:
        table = file["points"][()]
        table["visible"][0] = False
        file["points"][...] = table
    found = read_labels(path)
    assert [image.frame for image in found.images] == [1, 5]
    assert keypoints_of(found)[0] == [[[-1, -1], [30, 5.125], [-1, -1]]]
    assert found.notes == [
        "Left out: frames without labels of a user (1), points that are not visible (1), predicted "
        "instances (3)."
    ]


@pytest.mark.usefixtures("here")
def test_a_part_of_the_frame_was_labeled(clip: Path) -> None:
    crops = json.dumps([dict(video=0, crop=[7, 3, 60, 40], fill=0)]).encode()
    found = read_labels(write_one(clip.parent, tables=dict(video_crops=np.bytes_(crops))))
    np.testing.assert_array_equal(found.images[0].objects[0].keypoints, POINTS + np.array((7, 3)))


@pytest.mark.usefixtures("here")
def test_tables_without_names_of_columns(clip: Path) -> None:
    path = write_one(clip.parent)
    expected = keypoints_of(read_labels(path))
    with h5py.File(path, "a") as file:
        for name in ("points", "instances", "frames"):
            table = file.pop(name)[()]
            columns = [table[column].astype(float) for column in table.dtype.names]
            file[name] = np.column_stack(columns)
            file[name].attrs["field_names"] = json.dumps(table.dtype.names)
    assert keypoints_of(read_labels(path)) == expected


@pytest.mark.usefixtures("here")
def test_finding_videos(clip: Path, tmp_path: Path) -> None:
    path = write_one(tmp_path)
    folder = tmp_path / "run 1"
    folder.mkdir()
    clip.rename(folder / "clip.avi")
    assert read_labels(path).images[0].path == folder / "clip.avi"  # the only one of its name
    (tmp_path / "run 2").mkdir()
    (tmp_path / "run 2/clip.avi").write_bytes((folder / "clip.avi").read_bytes())
    with pytest.raises(InputError, match=r"a\.slp labels the video clip\.avi, which is in several"):
        read_labels(path)
    assert read_labels(path, images=folder).images[0].path == folder / "clip.avi"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "clip.avi").symlink_to(folder / "clip.avi")
    with pytest.raises(InputError, match=r"outside/clip\.avi is a link to .*run 1"):
        read_labels(path, images=outside)
    write_video(outside / "other.avi", [np.zeros((40, 64, 3), np.uint8)] * 4)
    (outside / "other.avi").rename(folder / "clip.avi")
    with pytest.raises(InputError, match=r"clip\.avi of 64 x 48 px, but .* has 64 x 40 once"):
        read_labels(path, images=folder)
    with pytest.raises(InputError, match=r"clip\.avi, which is not below .*empty.* --images"):
        (tmp_path / "empty").mkdir()
        read_labels(path, images=tmp_path / "empty")


@pytest.mark.usefixtures("here")
def test_a_frame_that_the_video_has_not(clip: Path) -> None:
    path = write_slp(clip.with_name("a.slp"), NAMES, [in_video("clip.avi")], [(0, 8, [POINTS])])
    (image,) = read_labels(path).images
    with pytest.raises(InputError, match=r"clip\.avi has no frame 8"):
        read_frame(image)


def broken(names=NAMES, **changes) -> dict:
    metadata = slp_metadata(names)
    return metadata | changes


def linked(**link) -> dict:
    metadata = slp_metadata(NAMES)
    metadata["skeletons"][0]["links"][0].update(link)
    return broken(skeletons=metadata["skeletons"])


DEEP = b'{"a":' * 5000 + b"1" + b"}" * 5000
ONE = (0, 0, 0, 0, -1, -1, 0.0, 0, 3, 0.0)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (b"{", "JSON in .* is not JSON"),
        (DEEP, "is nested"),
        (b"[]", "its skeletons cannot be read"),
        (broken(skeletons=[3]), "its skeletons cannot be read"),
        (broken(skeletons=[]), "it has no skeleton 0"),
        (broken(nodes=[{"name": "nose"}]), "cannot be read .IndexError"),
        (linked(source=-1), "cannot be read .ValueError"),
        (linked(type={"py/object": "os.system"}), "cannot be read .KeyError"),
    ],
)
def test_damaged_and_hostile_skeletons(metadata: object, words: str, clip: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(write_one(clip.parent, metadata=metadata))
    assert "a.slp" in str(caught.value)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("points", None, "it has no points"),
        ("points", np.zeros((3, 4)), "points has no column x"),
        ("points", np.zeros(3, [("x", "f8"), ("y", "f8")]), "points has no column visible"),
        ("instances", np.array([(*ONE[:-2], 4, 0.0)], INSTANCE), "point_id that there are not"),
        ("instances", np.array([(*ONE[:-2], 2, 0.0)], INSTANCE), "instance 0 has 2 points, its"),
        ("instances", np.array([ONE] * 9, INSTANCE), "the same ones several times"),
        ("frames", np.ones(1, "u8,u8,u8,u8,u8"), "frames has no column video"),
        ("frames", np.array([(0, 5, 3, 0, 1)], FRAME), "it has no video 5"),
        ("frames", np.array([(0, 0, 3, 0, 7)], FRAME), "rows instance_id that there are not"),
        ("videos_json", [b"[]"], "videos_json has no objects"),
        ("videos_json", [b'{"backend": 7}'], "a video has no backend"),
        ("videos_json", [b'{"backend": {}}'], "a video has no file"),
        ("videos_json", [b'{"backend": {"filename": [1]}}'], "a video has no file"),
        ("videos_json", [b'{"backend": {"filename": "\\u0000"}}'], "which is not below"),
        ("videos_json", [b'{"backend": {"filename": "../../a.avi"}}'], "which is not below"),
        (
            "videos_json",
            [b'{"backend": {"filename": ".", "dataset": "a@json"}}'],
            "dataset is called 'a@json'",
        ),
        (
            "videos_json",
            [b'{"backend": {"filename": ".", "dataset": "video0/video"}}'],
            "none of video0/frame_numbers",
        ),
        ("video_crops", np.bytes_(b'[{"video": "a"}]'), "its crops cannot be read"),
    ],
)
def test_damaged_and_hostile_tables(name: str, content: object, words: str, clip: Path) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(write_one(clip.parent, tables={name: content}))
    assert "a.slp" in str(caught.value)


@pytest.mark.usefixtures("here")
def test_links_of_other_types_are_passed_over(clip: Path) -> None:
    labels = read(write_one(clip.parent, metadata=linked(type={"py/id": 77})))
    assert list(labels.skeleton) == [(1, 2)]


@pytest.mark.usefixtures("here")
def test_a_later_format(clip: Path) -> None:
    with pytest.raises(InputError, match=r"a\.slp is of SLEAP's format 3, which is newer"):
        read(write_one(clip.parent, version=3.0))


@pytest.mark.usefixtures("here")
def test_instances_of_different_skeletons(clip: Path) -> None:
    metadata = slp_metadata((*NAMES, "tail"))
    (first,) = metadata["skeletons"]
    metadata["skeletons"] = [
        first | dict(nodes=[{"id": n} for n in range(3)]),
        dict(nodes=[{"id": n} for n in (3, 1, 0)], links=[]),
    ]
    rows = np.array([ONE, (1, 0, 0, 1, -1, -1, 0.0, 3, 6, 0.0)], INSTANCE)
    frames = [(0, 3, [POINTS, POINTS])]
    path = write_slp(
        clip.with_name("a.slp"),
        NAMES,
        [in_video("clip.avi")],
        frames,
        metadata=metadata,
        tables=dict(instances=rows),
    )
    with pytest.raises(InputError, match=r"different skeletons: nose, left_ear, right_ear; tail"):
        read(path)


def test_in_a_process_of_its_own(clip: Path) -> None:
    """Crashes of HDF5's library are kept away, which the other tests go without."""
    path = write_one(clip.parent)
    (image,) = read(path).images
    np.testing.assert_array_equal(image.objects[0].keypoints, POINTS)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"a\.slp is not an HDF5 file that can be read"):
        read(path)


@pytest.mark.usefixtures("here")
def test_what_is_no_slp(clip: Path, tmp_path: Path) -> None:
    whole = write_one(clip.parent)
    assert recognizes(whole)
    data = whole.read_bytes()
    for name, content in {"cut.slp": data[:2000], "text.slp": b"frames", "empty.slp": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert not recognizes(tmp_path / name)
        with pytest.raises(InputError, match=rf"{name} is not an HDF5 file"):
            read_labels(tmp_path / name, "sleap")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["points"] = np.ones(3)
    assert not recognizes(tmp_path / "other.h5")
    assert not recognizes(tmp_path)
    path = write_slp(tmp_path / "none.slp", NAMES, [], [])
    with pytest.raises(InputError, match=r"none\.slp has no instances that a user has labeled"):
        read(path)
