"""Left and right by name."""

import pytest

from mmhg.errors import InputError
from mmhg.own_points.sides import find_sides, given_pairs


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("left_eye", "right_eye"),
        ("eye_left", "eye_right"),
        ("Left Eye", "Right Eye"),
        ("leftEar", "rightEar"),
        ("earLeft", "earRight"),
        ("leftear", "rightear"),
        ("earleft", "earright"),
        ("LEFT_EAR", "RIGHT_EAR"),
        ("l_hip", "r_hip"),
        ("hip_l", "hip_r"),
        ("hip_L", "hip_R"),
        ("L.hip", "R.hip"),
        ("hip-L", "hip-R"),
        ("earL", "earR"),
        ("LEar", "REar"),
        ("paw_L2", "paw_R2"),
        ("FL_paw", "FR_paw"),
        ("paw_hl", "paw_hr"),
        ("front_left_knee", "front_right_knee"),
        ("left_eye_right_corner", "right_eye_left_corner"),
    ],
)
def test_pairs(left: str, right: str) -> None:
    for names in ([left, "nose", right], [right, left, "nose"]):
        sides = find_sides(names)
        assert (sides.pairs, sides.flips, sides.unsure) == ([(left, right)], True, [])


@pytest.mark.parametrize(
    "names",
    [
        ["tail", "trail"],
        ["nose", "tail", "bright", "blight"],
        ["upper_lip", "upper_rip"],
        ["cell", "rim", "lim"[::-1]],
        ["knot1", "knot2"],
        ["L1", "L2", "L3"],
        ["links", "rechts"],
    ],
)
def test_no_pairs(names: list[str]) -> None:
    sides = find_sides(names)
    assert sides.pairs == []
    assert not sides.flips


def test_half_a_pair_forbids_mirroring() -> None:
    sides = find_sides(["left_eye", "right_eye", "left_ear"])
    assert sides.pairs == [("left_eye", "right_eye")]
    assert sides.unsure == ["left_ear has no partner"]
    assert not sides.flips


def test_what_may_be_a_pair_forbids_mirroring() -> None:
    sides = find_sides(["left_eye", "right_eye", "lhip", "rhip", "lump", "rump"])
    assert sides.unsure == [
        "lhip and rhip may be a pair, or not",
        "lump and rump may be a pair, or not",
    ]
    assert not sides.flips
    assert find_sides(["left_eye", "right_eye", "bright"]).flips


def test_given_pairs() -> None:
    names = ["a", "b", "c", "d"]
    assert given_pairs(["a,b", " d , c"], names) == [("a", "b"), ("d", "c")]
    for texts, message in {
        ("a",): "takes two keypoints a pair, LEFT,RIGHT, got 'a'. There are a, b, c, d",
        ("a,e",): "got 'a,e'",
        ("a,a",): "got 'a,a'",
        ("a,b", "b,c"): "has 'b' in two pairs",
    }.items():
        with pytest.raises(InputError, match=message):
            given_pairs(texts, names)
