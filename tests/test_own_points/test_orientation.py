"""Say how far objects are turned."""

import numpy as np
import pytest

from mmhg.own_points.orientation import rotation_for, turns
from test_own_points.made import face


def turned(degrees, missing: bool = False) -> list[np.ndarray]:
    found = [face(40, 30, one).keypoints * (1 + index / 9) for index, one in enumerate(degrees)]
    if missing:
        for index, one in enumerate(found[2:]):
            one[index % 3] = np.nan
    return found


@pytest.mark.parametrize("missing", [False, True])
def test_angles_from_the_mean_direction(missing: bool) -> None:
    degrees = np.array([-20, 0, 20, 10, -10, 0]) + 170.0
    assert turns(turned(degrees, missing)) == pytest.approx([-20, 0, 20, 10, -10, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [([0, 0, 0], 30), ([-10, 0, 10], 30), ([-40, 0, 40] * 9, 60), (range(0, 360, 15), 180)],
)
def test_rotation(degrees, expected: int) -> None:
    assert rotation_for(turned(degrees)) == expected


def test_nothing_to_tell_by() -> None:
    point = np.array([(3.0, 4.0), (np.nan, np.nan)])
    assert turns([point, point]).size == 0
    assert rotation_for([point]) == rotation_for([]) == 30
