"""Chart the joints' distances to their annotation, and their moves, stack by stack.

Shape shorthand in this module: S stacks, K keypoints.
"""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.typing import ColorType

from mmhg.refinement.paths import JointPaths
from mmhg.refinement.tiles import (
    MISSED,
    SIDES,
    drawn_joints,
    joint_color,
    joint_names,
    side_of,
)

Region = tuple[float, float, float, float]
"""Left, bottom, width and height in fractions of the figure."""

_NAMES, _ERRORS, _CELL, _BORDER = 1.25, 2.1, 0.38, 0.35
"""Inches: room for the joints' names, width of the errors, width of one move, empty border."""

_FARTHEST = 6
"""Errors above this many times the threshold are drawn at this limit."""


def chart_width(stacks: int) -> float:
    """Return the width in inches that `draw_charts` needs."""
    return _NAMES + _ERRORS + _BORDER + _CELL * (stacks - 1) + _BORDER


def draw_charts(
    figure: Figure, paths: JointPaths, metainfo: dict[str, Any], region: Region
) -> None:
    """Draw both charts, with one row per joint.

    Without annotations the first chart shows distances to the last stack's keypoints.
    """
    left, bottom, width, height = region
    inch = width / chart_width(len(paths.keypoints))
    drawn = np.flatnonzero(drawn_joints(paths))
    rows = np.arange(len(drawn))
    height_of_rows = min(height, 0.42 * len(drawn) / figure.get_figheight())
    bottom += height - height_of_rows
    errors = figure.add_axes((left + _NAMES * inch, bottom, _ERRORS * inch, height_of_rows))
    errors.set_yticks(rows, [joint_names(metainfo)[joint] for joint in drawn], size=8.5)
    for label, joint in zip(errors.get_yticklabels(), drawn, strict=True):
        label.set_color(_dark(joint_color(metainfo, int(joint))))
    errors.set_ylim(len(drawn) - 0.5, -0.5)
    errors.tick_params(length=0, axis="y")
    errors.spines[["top", "right", "left"]].set_visible(False)
    _draw_errors(errors, paths, drawn)
    if len(paths.moved):
        start = left + (_NAMES + _ERRORS + _BORDER) * inch
        size = _CELL * len(paths.moved) * inch
        moves = figure.add_axes((start, bottom, size, height_of_rows), sharey=errors)
        _draw_moves(moves, paths, drawn)


def _draw_errors(axes: Axes, paths: JointPaths, drawn: np.ndarray) -> None:
    threshold, unit = paths.unit.threshold, paths.unit.name
    if not paths.annotated.any():
        distances = (
            np.linalg.norm(paths.keypoints - paths.keypoints[-1], axis=-1) / paths.unit.size_px
        )
        axes.set_title(f"distance to the last\nstack's keypoint, {unit}", size=9.5)
    else:
        distances = paths.errors
        axes.axvspan(0, threshold, color="#dff3e0", zorder=0)
        axes.set_title(f"distance to the annotation,\n{unit} (green: right)", size=9.5)
    farthest = _FARTHEST * threshold
    distances = np.minimum(distances[:, drawn], farthest)
    rows = np.arange(len(drawn))
    axes.hlines(rows, distances.min(0), distances.max(0), color="0.75", linewidth=1.2, zorder=1)
    for stack, of_stack in enumerate(distances):
        last = stack == len(distances) - 1
        axes.scatter(
            of_stack,
            rows,
            s=42 if last else 26,
            color=stack_color(stack, len(distances)),
            edgecolor="white",
            linewidth=0.6,
            zorder=2 + stack,
            clip_on=False,
        )
    axes.set_xlim(0, max(1.6 * threshold, float(distances.max())))
    if distances.max() == farthest:
        ticks = np.linspace(0, farthest, 4)
        axes.set_xticks(ticks, [*(f"{tick:g}" for tick in ticks[:-1]), f"{farthest:g}+"])
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(axis="x", labelsize=8)


def _draw_moves(axes: Axes, paths: JointPaths, drawn: np.ndarray) -> None:
    moved = paths.moved[:, drawn].T
    threshold = paths.unit.threshold
    axes.imshow(moved, cmap="Purples", vmin=0, vmax=3 * threshold, aspect="auto")
    digits = 0 if threshold >= 1 else 1
    for (row, column), distance in np.ndenumerate(moved):
        color = "white" if distance > 1.8 * threshold else "0.25"
        text = f"{distance:.{digits}f}"
        axes.text(column, row, text, size=7.5, color=color, ha="center", va="center")
    labels = [f"{stack}→{stack + 1}" for stack in range(1, len(paths.moved) + 1)]
    axes.set_xticks(range(len(labels)), labels, size=8)
    axes.tick_params(length=0, labelleft=False)
    axes.spines[:].set_visible(False)
    moves = "moved from stack to stack" if len(labels) > 5 else "moved"
    axes.set_title(f"{moves},\n{paths.unit.name}", size=9.5)


def draw_legend(
    figure: Figure, paths: JointPaths, stacks: int, metainfo: dict[str, Any], height: float
) -> None:
    """Explain colors and marks in a legend centered at `height` (fraction of the figure)."""
    names = joint_names(metainfo)
    handles = []
    for side in SIDES:
        joints = [joint for joint, name in enumerate(names) if side_of(name) == side]
        if joints:
            color = _rgb(joint_color(metainfo, joints[0]))
            label = "middle" if side == "middle" else f"the person's {side}"
            handles.append(Line2D([], [], color=color, marker="o", label=label))
    handles.append(_mark("black", "white", 6, "read from the heatmap"))
    if paths.annotated.any():
        label = f"annotated; a dot inside is right ({paths.unit.threshold:g} {paths.unit.name})"
        missed = "missed: where the joint should be"
        handles += [_mark(_rgb(MISSED), "none", 10, missed), _mark("0.5", "none", 10, label)]
    for stack in sorted({0, stacks - 1}):
        shade = stack_color(stack, stacks)
        handles.append(_mark(shade, shade, 6, f"after stack {stack + 1}"))
    if stacks > 1:
        arrow = Line2D(
            [], [], marker="$\\rightarrow$", color="0.3", linestyle="none", markersize=13
        )
        arrow.set_label("moved since the stack before")
        handles.append(arrow)
    figure.legend(
        handles=handles,
        loc="center",
        bbox_to_anchor=(0.5, height),
        ncols=-(-len(handles) // 2),
        frameon=False,
        fontsize=9,
    )


def _mark(edge: ColorType, face: ColorType, size: float, label: str) -> Line2D:
    return Line2D(
        [],
        [],
        linestyle="none",
        marker="o",
        markersize=size,
        markerfacecolor=face,
        markeredgecolor=edge,
        label=label,
    )


def stack_color(stack: int, stacks: int) -> str:
    """Return a stack's color, from pale (the first) to dark (the last)."""
    share = stack / max(1, stacks - 1)
    return matplotlib.colors.to_hex(matplotlib.colormaps["plasma_r"](0.15 + 0.75 * share))


def _rgb(bgr: tuple[int, int, int]) -> tuple[float, float, float]:
    blue, green, red = (channel / 255 for channel in bgr)
    return red, green, blue


def _dark(bgr: tuple[int, int, int]) -> tuple[float, float, float]:
    """Darken a color so that text on white is readable."""
    red, green, blue = _rgb(bgr)
    return 0.7 * red, 0.6 * green, 0.8 * blue
