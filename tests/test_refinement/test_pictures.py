"""Check sheets, animations and plots of the refinement."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mmhg.errors import InputError
from mmhg.refinement import animation
from mmhg.refinement.animation import draw_frames, write_animation
from mmhg.refinement.curves import plot_stack_scores
from mmhg.refinement.sheet import draw_stack_sheet
from mmhg.refinement.tiles import MISSED, heatmap_tile, skeleton_tile
from test_refinement.made import ELBOW, METAINFO, SIDE, WRIST, person

ZOOM = 8
TILE = ZOOM * SIDE


def near(picture: np.ndarray, x: float, y: float, reach: int = 3) -> np.ndarray:
    """Return the pixels around a point of the input, (pixels, 3)."""
    column, row = round((x + 0.5) * ZOOM - 0.5), round((y + 0.5) * ZOOM - 0.5)
    square = picture[row - reach : row + reach + 1, column - reach : column + reach + 1]
    return square.reshape(-1, 3)


def has(pixels: np.ndarray, color: Sequence[int]) -> bool:
    return bool((np.abs(pixels.astype(int) - color).max(1) < 8).any())


def test_a_missed_joint_is_tied_to_a_ring_where_it_should_be() -> None:
    moves = person(2)
    x, y = moves.paths.truth[WRIST]
    missed, right = (
        skeleton_tile(moves, keypoints, METAINFO, TILE) for keypoints in moves.paths.keypoints
    )
    assert has(near(missed, x - 4, y), MISSED)  # half a head of 8 px to the left
    assert has(near(missed, x + 12, y), MISSED)  # half way to where it was put
    assert not has(right.reshape(-1, 3), MISSED)


def test_an_arrow_leads_from_where_the_joint_was() -> None:
    moves = person(2)
    before, now = moves.paths.keypoints
    x, y = moves.paths.truth[WRIST]
    assert has(near(skeleton_tile(moves, now, METAINFO, TILE, before), x + 12, y), (255, 255, 255))
    assert not has(near(skeleton_tile(moves, now, METAINFO, TILE), x + 12, y), (255, 255, 255))
    assert not has(near(skeleton_tile(moves, now, METAINFO, TILE, now), x + 12, y), (255, 255, 255))


def test_a_heatmap_has_a_dot_where_it_is_read_and_a_ring_where_it_should_be() -> None:
    moves = person(2)
    x, y = moves.paths.truth[WRIST]
    tile = heatmap_tile(
        moves, WRIST, moves.heatmaps[0, WRIST], moves.paths.keypoints[0, WRIST], TILE
    )
    assert (near(tile, x + 24, y, reach=1) == 255).all()
    assert has(near(tile, x - 4, y), (255, 255, 255))
    assert near(tile, x + 24, y + 3).mean() > near(tile, x, y - 6).mean() + 30  # hot and cold
    unknown = person(2, annotated=False)
    tile = heatmap_tile(
        unknown, WRIST, unknown.heatmaps[0, WRIST], unknown.paths.keypoints[0, WRIST], TILE
    )
    assert not has(near(tile, x - 4, y), (255, 255, 255))


@pytest.mark.parametrize(("stacks", "people"), [(1, 1), (2, 3), (4, 1), (8, 2)])
def test_a_sheet_has_room_for_all(stacks: int, people: int) -> None:
    picture = draw_stack_sheet([person(stacks)] * people, METAINFO)
    assert picture.dtype == np.uint8
    height, width = picture.shape[:2]
    assert 800 < width < 2400
    assert 400 * people < height < 1600 * people
    for edge in (picture[:4], picture[-4:], picture[:, :4], picture[:, -4:]):
        assert (edge == 255).all()  # nothing is cut off


def test_a_sheet_shows_the_joints_that_are_asked_for() -> None:
    narrow = draw_stack_sheet([person(2)], METAINFO, [WRIST])
    tall = draw_stack_sheet([person(2)], METAINFO, list(range(16)))
    assert tall.shape[0] > 3 * narrow.shape[0]
    assert tall.shape[1] == narrow.shape[1]


def test_a_sheet_without_annotations() -> None:
    picture = draw_stack_sheet([person(3, annotated=False)], METAINFO)
    red = MISSED[::-1]
    assert not has(picture.reshape(-1, 3), red)
    assert has(draw_stack_sheet([person(3)], METAINFO).reshape(-1, 3), red)


def test_a_sheet_is_of_three_people_at_most() -> None:
    with pytest.raises(InputError, match="1 to 3 people, got 4"):
        draw_stack_sheet([person(2)] * 4, METAINFO)


def test_frames_glide_from_stack_to_stack() -> None:
    frames = list(draw_frames(person(3), METAINFO, [WRIST, ELBOW], side=220))
    durations = [frame.milliseconds for frame in frames]
    stands = [number for number, duration in enumerate(durations) if duration > 500]
    assert len(stands) == 3
    assert stands[0] == 0 and stands[-1] == len(frames) - 1
    assert stands[1] - stands[0] > 3
    moves = [int((a.picture != b.picture).sum()) for a, b in pairwise(frames)]
    assert min(moves) > 0
    assert len({frame.picture.shape for frame in frames}) == 1


def test_gif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.gif"
    write_animation(person(2), METAINFO, target, [WRIST])
    wide = Image.open(target)
    assert wide.n_frames == len(list(draw_frames(person(2), METAINFO, [WRIST], 100)))
    assert wide.info["loop"] == 0
    pixels = np.asarray(Image.open(target).convert("RGB")).reshape(-1, 3)
    assert has(pixels, MISSED[::-1])  # colors of marks are not lost
    assert has(pixels, METAINFO["keypoint_colors"][WRIST])
    monkeypatch.setattr(animation, "_MOST_BYTES", target.stat().st_size)
    write_animation(person(2), METAINFO, target, [WRIST])
    assert Image.open(target).width < wide.width


def test_mp4(tmp_path: Path) -> None:
    target = tmp_path / "a.mp4"
    write_animation(person(2), METAINFO, target)
    video = cv2.VideoCapture(str(target))
    frames = draw_frames(person(2), METAINFO, [WRIST], 100)
    seconds = sum(frame.milliseconds for frame in frames) / 1000
    found = video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS)
    assert found == pytest.approx(seconds, abs=0.2)


def test_other_films_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.gif or \.mp4, got .*a\.avi"):
        write_animation(person(2), METAINFO, tmp_path / "a.avi")


@pytest.mark.parametrize("stacks", [1, 8])
def test_scores_are_plotted(stacks: int, tmp_path: Path) -> None:
    scores = [
        {"PCKh@0.5": 80.0 + stack, "AUC": 50.0, "Head": float("nan"), "Knee": 70.0 - stack}
        for stack in range(stacks)
    ]
    plot_stack_scores(scores, tmp_path / "scores.png")
    assert cv2.imread(str(tmp_path / "scores.png")).shape == (440, 1100, 3)


@pytest.mark.parametrize(
    ("name", "values", "limits", "units"),
    [
        ("PCKh@0.5", (99.0, 100.0), (None, 100), ("%", "percentage points")),
        ("PCKh@0.5", (2.0, 50.0), (0, None), ("%", "percentage points")),
        ("coco/AP", (0.01, 0.99), (0, 1), ("share (1 is perfect)", "share")),
    ],
)
def test_scores_have_a_unit_and_stay_within_what_they_can_be(
    name: str,
    values: tuple[float, float],
    limits: tuple[float | None, float | None],
    units: tuple[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    plot_stack_scores([{name: value, "other": value} for value in values], tmp_path / "a.png")
    axes = drawn[0].axes
    assert tuple(panel.get_ylabel() for panel in axes) == units
    for found, limit, value in zip(axes[0].get_ylim(), limits, values, strict=True):
        assert found == limit if limit is not None else found != value


def test_a_title_is_taken_as_it_is() -> None:
    formula = replace(person(2), title=r"$\nosuch$.jpg")
    assert (
        draw_stack_sheet([formula], METAINFO).shape == draw_stack_sheet([person(2)], METAINFO).shape
    )
