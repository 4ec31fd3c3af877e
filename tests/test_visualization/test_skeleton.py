"""Check where skeletons are drawn."""

import numpy as np
import pytest

from mmhg.visualization import draw_people, draw_skeleton, person_tile, sheet

METAINFO = dict(
    skeleton_links=[(0, 1), (1, 2)],
    skeleton_link_colors=[[255, 0, 0], [0, 255, 0]],
    keypoint_colors=[[0, 0, 255]] * 3,
)


def test_links_have_the_datasets_colors_and_need_both_ends() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    keypoints = np.array([[10.0, 50], [50, 50], [50, 90]])
    draw_skeleton(image, keypoints, np.array([True, True, False]), METAINFO)
    blue, green, red = image[50, 30].tolist()
    assert (blue, green) == (0, 0)
    assert red > 200
    assert image[70, 50].tolist() == [0, 0, 0]
    assert image[50, 10].tolist() == [255, 0, 0]


def test_tile_shows_the_box_with_the_joint_in_place() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    image[100, 100] = 255
    tile = person_tile(
        image,
        center=np.array([100.0, 100.0]),
        scale=np.array([64.0, 64.0]),
        keypoints=np.full((3, 2), 110.0),
        drawn=np.array([True, False, False]),
        metainfo=METAINFO,
    )
    assert tile.shape == (256, 256, 3)
    assert tile[128, 128].tolist() == [255, 255, 255]
    assert tile[128 + 40, 128 + 40].tolist() == [255, 0, 0]


def test_sheet_fills_its_last_row() -> None:
    tiles = [[np.zeros((20, 20, 3), np.uint8)]] * 3
    picture = sheet(tiles, ("x",), columns=2)
    assert picture.shape == (48, 48, 3)
    assert (picture[24:, 24:] == 255).all()


def line_width(side: int, extent: float) -> int:
    """Measure the width of a link, px, for a person of this height in a square image."""
    image = np.zeros((side, side, 3), np.uint8)
    keypoints = np.array([[[side / 2, 10], [side / 2, 10 + extent], [0, 0]]])
    draw_people(image, keypoints, np.array([[True, True, False]]), METAINFO)
    return int((image[10 + round(extent / 2)].max(axis=1) > 60).sum())


def test_lines_suit_person_and_picture() -> None:
    # OpenCV's soft edges add a pixel or two.
    assert line_width(1100, 1000) == pytest.approx(10, abs=2)
    assert line_width(1100, 300) == pytest.approx(5, abs=2)
    # A small person's are still seen where the whole picture is.
    assert line_width(4000, 200) == pytest.approx(10, abs=2)
    assert line_width(100, 80) == pytest.approx(1, abs=1)


def test_people_who_are_not_drawn_leave_no_trace() -> None:
    image = np.zeros((50, 50, 3), np.uint8)
    draw_people(image, np.full((2, 3, 2), 25.0), np.zeros((2, 3), dtype=bool), METAINFO)
    assert not image.any()


def test_thick_lines_have_a_dark_rim() -> None:
    image = np.full((1000, 1000, 3), 255, np.uint8)
    keypoints = np.array([[500.0, 100], [500, 900], [0, 0]])
    draw_skeleton(image, keypoints, np.array([True, True, False]), METAINFO, thickness=8)
    assert image[500, 500].tolist() == [0, 0, 255]
    assert image[500, 506].tolist() == [0, 0, 0]
    assert image[500, 510].tolist() == [255, 255, 255]


@pytest.mark.parametrize("lost", [np.nan, np.inf, 1e300])
def test_keypoints_that_are_nowhere_are_left_out(lost: float) -> None:
    drawn = np.array([True, True, True])
    keypoints = np.array([[10.0, 50], [50, 50], [50, lost]])
    image, expected = np.zeros((2, 100, 100, 3), np.uint8)
    draw_skeleton(expected, np.array([[10.0, 50], [50, 50], [0, 0]]), np.arange(3) < 2, METAINFO)
    draw_skeleton(image, keypoints, drawn, METAINFO)
    np.testing.assert_array_equal(image, expected)
    people = np.zeros_like(image)
    draw_people(people, keypoints[None], drawn[None], METAINFO)
    assert people.any()
    nobody = np.zeros_like(image)
    draw_people(nobody, np.full((1, 3, 2), lost), drawn[None], METAINFO)
    assert not nobody.any()
