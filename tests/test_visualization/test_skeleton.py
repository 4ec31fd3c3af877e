"""Skeletons stand where they should."""

import numpy as np

from mmhg.visualization import draw_skeleton, person_tile, sheet

METAINFO = dict(
    skeleton_links=[(0, 1), (1, 2)],
    skeleton_link_colors=[[255, 0, 0], [0, 255, 0]],
    keypoint_colors=[[0, 0, 255]] * 3,
)


def test_links_have_the_data_sets_colours_and_need_both_ends() -> None:
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
