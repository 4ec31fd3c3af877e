"""Animate the refinement: joints glide and heatmaps change from each stack to the next.

Shape shorthand in this module: S stacks, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from mmhg.errors import InputError
from mmhg.refinement.paths import Refinement
from mmhg.refinement.tiles import (
    MISSED,
    choose_joints,
    heatmap_tile,
    joint_names,
    skeleton_tile,
)

SUFFIXES = (".gif", ".mp4")

_SIDES = (420, 340, 280, 220)
"""Sides of the skeleton's picture in px. The largest whose GIF is small enough is used."""

_MOST_BYTES = 2_000_000
_MOVES = 6
"""Frames from one stack to the next."""

_MOVE_MS, _STAND_MS, _END_MS = 90, 1100, 2500
_FPS = 20
_BAR = 44
_CAPTION = 18
_GAP = 4


Color = tuple[int, int, int]
_BAR_COLOR, _BAR_GROUND = (70, 3, 159), (221, 221, 221)


class AnimationFrame(NamedTuple):
    """A picture (height, width, 3) uint8, RGB, and its duration in ms."""

    picture: np.ndarray
    milliseconds: int


def write_animation(
    person: Refinement,
    metainfo: dict[str, Any],
    target: Path,
    joints: Sequence[int] | None = None,
) -> None:
    """Write a GIF that repeats, of less than 2 MB, or an MP4.

    Args:
        person: The person to show.
        metainfo: The dataset's parsed metainfo.
        target: The file to write; its suffix selects the format.
        joints: Up to four joints whose heatmaps are shown; None takes those of `choose_joints`.

    Raises:
        InputError: The suffix is neither .gif nor .mp4.
    """
    if target.suffix not in SUFFIXES:
        raise InputError(f"an animation ends in {' or '.join(SUFFIXES)}, got {target}")
    shown = list(joints or choose_joints(person.paths, 4))[:4]
    if target.suffix == ".mp4":
        _write_video(list(draw_frames(person, metainfo, shown, _SIDES[0])), target)
        return
    for side in _SIDES:
        data = _gif(list(draw_frames(person, metainfo, shown, side)), _marks(metainfo))
        if len(data) < _MOST_BYTES:
            break
    target.write_bytes(data)


def draw_frames(
    person: Refinement, metainfo: dict[str, Any], joints: Sequence[int], side: int
) -> Iterator[AnimationFrame]:
    """Draw the skeleton on the left and up to two columns of heatmaps on the right, by stack.

    Args:
        person: The person to show.
        metainfo: The dataset's parsed metainfo.
        joints: One to four joints whose heatmaps are shown.
        side: Longer side of the skeleton's picture, px.
    """
    stacks = len(person.heatmaps)
    for stack in range(stacks):
        share = 0.0
        stands = _END_MS if stack == stacks - 1 else _STAND_MS
        yield AnimationFrame(_frame(person, metainfo, joints, side, stack, share), stands)
        if stack < stacks - 1:
            for step in range(1, _MOVES):
                share = (1 - np.cos(np.pi * step / _MOVES)) / 2
                yield AnimationFrame(_frame(person, metainfo, joints, side, stack, share), _MOVE_MS)


def _frame(
    person: Refinement,
    metainfo: dict[str, Any],
    joints: Sequence[int],
    side: int,
    stack: int,
    share: float,
) -> np.ndarray:
    """Draw the state at `share` of the way from one stack to the next."""

    def between(values: np.ndarray) -> np.ndarray:
        return (1 - share) * values[stack] + share * values[min(stack + 1, len(values) - 1)]

    keypoints, heatmaps = between(person.paths.keypoints), between(person.heatmaps)
    left = skeleton_tile(person, keypoints, metainfo, side)
    height, width = left.shape[:2]
    small = (side - 2 * _CAPTION - _GAP) // 2
    tiles = [
        heatmap_tile(person, joint, heatmaps[joint], keypoints[joint], small) for joint in joints
    ]
    tile_height, tile_width = tiles[0].shape[:2]
    columns = 1 if len(tiles) <= 2 else 2
    total_width = width + columns * (tile_width + _GAP)
    # Even sides, which video needs.
    size = total_width + total_width % 2, _BAR + height + (_BAR + height) % 2
    picture = Image.new("RGB", size, "white")
    picture.paste(Image.fromarray(left[:, :, ::-1]), (0, _BAR))
    draw = ImageDraw.Draw(picture)
    for number, (joint, tile) in enumerate(zip(joints, tiles, strict=True)):
        x = width + _GAP + (number // 2) * (tile_width + _GAP)
        y = _BAR + (number % 2) * (tile_height + _CAPTION + _GAP)
        draw.text((x + 2, y + 1), joint_names(metainfo)[joint], "black", _font(12))
        picture.paste(Image.fromarray(tile[:, :, ::-1]), (x, y + _CAPTION))
    _draw_bar(draw, person, stack, share, size[0])
    return np.asarray(picture)


def _draw_bar(
    draw: ImageDraw.ImageDraw, person: Refinement, stack: int, share: float, width: int
) -> None:
    """Write the stack's number and the number of correct joints, and draw a progress bar."""
    stacks, paths = len(person.heatmaps), person.paths
    if share:
        text = f"from stack {stack + 1} to stack {stack + 2} of {stacks}"
    else:
        text = f"after stack {stack + 1} of {stacks}"
        if paths.annotated.any():
            text += f": {paths.correct[stack].sum()} of {paths.annotated.sum()} joints right"
    draw.text((6, 8), text, "black", _font(16))
    if stacks > 1:
        done = round((stack + share) / (stacks - 1) * (width - 12))
        draw.rectangle((6, _BAR - 10, width - 6, _BAR - 6), fill=_BAR_GROUND)
        draw.rectangle((6, _BAR - 10, 6 + done, _BAR - 6), fill=_BAR_COLOR)


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Load the font that comes with Matplotlib."""
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)


def _gif(frames: Sequence[AnimationFrame], colors: Sequence[Color]) -> bytes:
    """Encode all frames with one palette that contains `colors`, so that still parts cost nothing.

    The palette comes from the first and the last frame, which together show every color.
    """
    ends = Image.fromarray(np.vstack([frames[0].picture, frames[-1].picture]))
    found = ends.quantize(256 - len(colors), method=Image.Quantize.MEDIANCUT).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([*(found or []), *(channel for color in colors for channel in color)])
    first, *rest = (
        Image.fromarray(frame.picture).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    )
    data = BytesIO()
    durations = [frame.milliseconds for frame in frames]
    first.save(data, "GIF", save_all=True, append_images=rest, duration=durations, loop=0)
    return data.getvalue()


def _marks(metainfo: dict[str, Any]) -> list[Color]:
    """Return the RGB colors of everything that is drawn over the pictures."""
    blue, green, red = MISSED
    links = [*metainfo["keypoint_colors"], *metainfo["skeleton_link_colors"]]
    mine = [(255, 255, 255), (0, 0, 0), (red, green, blue), _BAR_COLOR, _BAR_GROUND]
    return sorted({(int(r), int(g), int(b)) for r, g, b in [*links, *mine]})[:64]


def _write_video(frames: Sequence[AnimationFrame], target: Path) -> None:
    """Write an MP4 in which each frame repeats for its duration."""
    height, width = frames[0].picture.shape[:2]
    code = cv2.VideoWriter.fourcc(*"mp4v")
    writer = cv2.VideoWriter(str(target), code, _FPS, (width, height))
    if not writer.isOpened():
        raise InputError(f"OpenCV cannot write {target}. Use a .gif instead")
    for frame in frames:
        for _ in range(round(frame.milliseconds * _FPS / 1000)):
            writer.write(np.ascontiguousarray(frame.picture[:, :, ::-1]))
    writer.release()
