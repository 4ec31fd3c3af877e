"""Say what validates."""

from pathlib import Path

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.own_points.split import split
from test_own_points.made import face, picture


def images(count: int, **lists) -> list:
    return [
        picture(
            f"{number}.png", face(30, 20), **{key: values[number] for key, values in lists.items()}
        )
        for number in range(count)
    ]


def test_by_image() -> None:
    found = split(images(20))
    assert np.flatnonzero(found.validates).tolist() == [3, 10, 16]
    assert (found.how, found.warnings) == ("by image", [])
    assert sum(split(images(20), val=0.5).validates) == 10
    assert sum(split(images(2)).validates) == sum(split(images(2), val=0.9).validates) == 1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few(count: int) -> None:
    with pytest.raises(InputError, match=f"have {count} image with a .* At least two are needed"):
        split(images(count))


def test_groups_stay_whole() -> None:
    names = [f"mouse{number % 10}" for number in range(40)]
    found = split(images(40, group=names))
    chosen = {name for name, one in zip(names, found.validates, strict=True) if one}
    assert len(chosen) in (1, 2)
    assert found.validates == [name in chosen for name in names]
    assert found.how == f"by group (video or subject): {', '.join(sorted(chosen))} of 10"
    assert not found.warnings
    again = split(images(40, group=names)[::-1])
    assert again.validates == found.validates[::-1]


@pytest.mark.parametrize(
    ("share", "groups"), [(0.01, 1), (0.14, 1), (0.18, 2), (0.5, 5), (0.99, 9)]
)
def test_groups_of_about_the_share(share: float, groups: int) -> None:
    found = split(images(50, group=[str(number % 10) for number in range(50)]), val=share)
    assert sum(found.validates) == 5 * groups


def test_of_two_groups_the_smaller_validates() -> None:
    found = split(images(10, group=["a"] * 7 + ["b"] * 3))
    assert found.validates == [False] * 7 + [True] * 3


@pytest.mark.parametrize("by", ["group", "video"])
def test_one_video_is_split_and_said(by: str) -> None:
    if by == "group":
        frames = images(10, group=["v"] * 10)
    else:
        frames = [picture("v", face(30, 20), frame=number) for number in range(10)]
    found = split(frames)
    assert np.flatnonzero(found.validates).tolist() == [2, 7]
    assert found.how.startswith("by image, inside of one ")
    (warning,) = found.warnings
    assert "all images are of one" in warning
    assert "the scores will be better than in another one" in warning


def test_videos_are_groups_without_a_word() -> None:
    frames = [picture(f"{number // 5}.mp4", face(30, 20), frame=number) for number in range(20)]
    found = split(frames)
    assert found.validates in [[index // 5 == video for index in range(20)] for video in range(4)]
    (warning,) = split(frames, group="image").warnings
    assert "3 of 4 groups (videos, subjects) have images on both sides" in warning


def test_frames_by_name_are_suspected() -> None:
    frames = [picture(f"frame_{number:06}.png", face(30, 20)) for number in range(9)]
    (warning,) = split(frames).warnings
    assert "9 images are named like frames of videos, frame_000000.png for example" in warning


def test_the_labels_own_split() -> None:
    stated = ["val", "train", None, "train"]
    found = split(images(4, split=stated))
    assert (found.validates, found.how) == ([True, False, False, False], "as the labels say")
    assert split(images(4, split=["train"] * 4)).how == "by image"
    assert split(images(4, split=stated), val=0.5).how == "by image"
    (warning,) = split(images(4, split=stated, group=["a", "a", "b", "c"])).warnings
    assert "1 of 3 groups" in warning


def test_by_folder_and_by_name() -> None:
    found = [picture(f"/d/{'abc'[number % 3]}/{number}.png", face(30, 20)) for number in range(9)]
    by_name = split(found, group="folder", val=["b"])
    assert by_name.validates == [number % 3 == 1 for number in range(9)]
    assert by_name.how == "by folder: /d/b, as you say"
    for names, message in {
        ("e",): "'e', which is none of the 3",
        ("a", "b", "c"): "all groups",
    }.items():
        with pytest.raises(InputError, match=message):
            split(found, group="folder", val=names)


def test_groups_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "groups.csv"
    path.write_text("group;image\nann;x/0.png\nbob;1.png\nann;2.png\nann;3.png\n")
    found = [picture(f"/d/x/{number}.png", face(30, 20)) for number in range(4)]
    assert split(found, group=path, val=["bob"]).validates == [False, True, False, False]
    with pytest.raises(InputError, match=r"no group for 1 images, the first is .*4\.png"):
        split([*found, picture("/d/4.png", face(30, 20))], group=path)
    path.write_text("image,name\n0.png,a\n")
    with pytest.raises(InputError, match="must begin with a row that has image and group"):
        split(found, group=path)
    with pytest.raises(InputError, match="got 'subject', which is no file"):
        split(found, group="subject")
    path.write_text("image,group\n0.png,a\n0.png,b\n")
    with pytest.raises(InputError, match=r"has the image '0\.png' in two groups"):
        split(found, group=path)


@pytest.mark.parametrize("share", [0, 1, 1.5])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(InputError, match=f"must be a fraction between 0 and 1, got {share:g}"):
        split(images(9), val=share)
