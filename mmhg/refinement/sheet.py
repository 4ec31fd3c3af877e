"""Draw a sheet that shows how the stacks refine people's joints.

For each person the sheet shows the input, the skeleton after each stack, heatmaps of a few joints
after each stack, each joint's distance to its annotation, and its moves from stack to stack.

Shape shorthand in this module: S stacks, K keypoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from mmhg.errors import InputError
from mmhg.refinement.charts import chart_width, draw_charts, draw_legend
from mmhg.refinement.paths import Refinement
from mmhg.refinement.tiles import (
    Canvas,
    choose_joints,
    heatmap_tile,
    joint_names,
    path_tile,
    skeleton_tile,
)

MOST_PEOPLE = 3

_DPI = 100
_ROWS = {1: 4, 2: 3, 3: 2}
"""Number of joints whose heatmaps are shown, by number of people."""

_TILE = {1: 2.6, 2: 2.6, 3: 2.2, 4: 2.0, 5: 1.8}
"""Longer side of a tile in inches, by number of stacks."""

_SMALLEST_TILE = 1.6
_SIDE = 400
"""Longer side of every drawn tile in px. It is fixed so that marks keep their size."""

_GAP = 0.08
_MARGIN = 0.35
_HEADER = 0.85
_FOOTER = 0.75
_SHORTEST = 3.6
"""Lengths in inches. `_SHORTEST` is the height that the charts need."""


def draw_stack_sheet(
    people: Sequence[Refinement], metainfo: dict[str, Any], joints: Sequence[int] | None = None
) -> np.ndarray:
    """Draw up to three people below each other.

    Args:
        people: One to three people, all predicted by the same network.
        metainfo: The dataset's parsed metainfo.
        joints: Joints whose heatmaps are shown; None takes those of `choose_joints`.

    Returns:
        (height, width, 3) uint8, RGB.

    Raises:
        InputError: Too many people, or none.
    """
    if not 1 <= len(people) <= MOST_PEOPLE:
        raise InputError(f"a sheet shows 1 to {MOST_PEOPLE} people, got {len(people)}")
    shown = [
        choose_joints(person.paths, _ROWS[len(people)]) if joints is None else list(joints)
        for person in people
    ]
    stacks = len(people[0].heatmaps)
    height, width = people[0].image.shape[:2]
    side = _TILE.get(stacks, _SMALLEST_TILE)
    tile = np.array([width, height]) * side / max(width, height)
    grid = [np.array([stacks + 1, 1 + len(rows)]) * (tile + _GAP) for rows in shown]
    heights = [_HEADER + max(_SHORTEST, float(size[1])) for size in grid]
    total = np.array(
        [2 * _MARGIN + float(grid[0][0]) + chart_width(stacks), sum(heights) + _FOOTER]
    )
    figure = Figure(figsize=tuple(total), dpi=_DPI, facecolor="white")
    top = total[1]
    for person, rows, size, inches in zip(people, shown, grid, heights, strict=True):
        tiles = (_MARGIN, top - _HEADER - float(size[1]), float(size[0]), float(size[1]))
        _draw_tiles(figure, person, rows, metainfo, _fractions(tiles, total))
        charts = (
            _MARGIN + tiles[2],
            top - inches + 0.3,
            chart_width(stacks),
            inches - _HEADER - 0.3,
        )
        draw_charts(figure, person.paths, metainfo, _fractions(charts, total))
        figure.text(
            _MARGIN / total[0],
            1 - (total[1] - top + 0.28) / total[1],
            _headline(person),
            size=13,
            weight="bold",
            va="center",
            parse_math=False,  # a file's name may have dollar signs
        )
        top -= inches
    draw_legend(figure, people[0].paths, stacks, metainfo, (_FOOTER / 2) / total[1])
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def _fractions(
    inches: tuple[float, float, float, float], total: np.ndarray
) -> tuple[float, float, float, float]:
    """Convert left, bottom, width, height of a region from inches to fractions of the figure."""
    left, bottom, width, height = inches
    return left / total[0], bottom / total[1], width / total[0], height / total[1]


def _headline(person: Refinement) -> str:
    paths = person.paths
    if not paths.annotated.any():
        return person.title
    first, last = (int(count) for count in paths.correct.sum(1)[[0, -1]])
    right = f"{first} of {paths.annotated.sum()} joints right after the first stack"
    if len(paths.keypoints) > 1:
        right += f", {last} after the last"
    return f"{person.title}: {right}"


def _draw_tiles(
    figure: Figure,
    person: Refinement,
    joints: Sequence[int],
    metainfo: dict[str, Any],
    region: tuple[float, float, float, float],
) -> None:
    """Draw one column for the input and each stack, and one row for the skeleton and each joint."""
    left, bottom, width, height = region
    stacks = len(person.heatmaps)
    grid = GridSpec(
        1 + len(joints),
        stacks + 1,
        figure,
        left=left,
        right=left + width,
        bottom=bottom,
        top=bottom + height,
        wspace=0.04,
        hspace=0.04,
    )
    paths, names = person.paths, joint_names(metainfo)

    start = figure.add_subplot(grid[0, 0])
    _show(start, Canvas(person.image, _SIDE).picture)
    start.set_title("input", size=10)
    for stack, keypoints in enumerate(paths.keypoints):
        axes = figure.add_subplot(grid[0, stack + 1])
        before = paths.keypoints[stack - 1] if stack else None
        _show(axes, skeleton_tile(person, keypoints, metainfo, _SIDE, before))
        title = f"after stack {stack + 1}"
        if paths.annotated.any():
            title += f"\n{paths.correct[stack].sum()} of {paths.annotated.sum()} right"
        axes.set_title(title, size=10)
    for row, joint in enumerate(joints, start=1):
        axes = figure.add_subplot(grid[row, 0])
        _show(axes, path_tile(person, joint, _SIDE))
        axes.set_ylabel(names[joint], size=10)
        for stack, keypoints in enumerate(paths.keypoints):
            axes = figure.add_subplot(grid[row, stack + 1])
            heatmap = person.heatmaps[stack, joint]
            _show(axes, heatmap_tile(person, joint, heatmap, keypoints[joint], _SIDE))
            axes.text(
                0.03, 0.03, f"peak {heatmap.max():.2f}", size=8, color="white",
                transform=axes.transAxes,
            )  # fmt: skip


def _show(axes: Axes, picture: np.ndarray) -> None:
    """Show a BGR picture without ticks or frame."""
    axes.imshow(picture[:, :, ::-1], interpolation="antialiased")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
