"""Draw people with their skeletons, in the dataset's colors.

Shape shorthand in this module: K keypoints, L links, H x W px. Points are 0-based px (x, y).
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

Image = np.ndarray

FAR = 1e6
"""Coordinates in px from which on nothing is drawn; OpenCV takes integers of 32 bits."""


def draw_skeleton(
    image: Image,
    keypoints: np.ndarray,
    drawn: np.ndarray,
    metainfo: dict[str, Any],
    thickness: int | None = None,
) -> None:
    """Draw one skeleton into the image, in place.

    Args:
        image: (H, W, 3) uint8, BGR.
        keypoints: (K, 2) px.
        drawn: (K,) bool, True for keypoints to draw. A link is drawn if both its ends are. What is
            not finite, as a network that has diverged predicts it, is left out.
        metainfo: The dataset's parsed metainfo: `skeleton_links`, `skeleton_link_colors` and
            `keypoint_colors` (RGB).
        thickness: Thickness of the lines in px; None fits a person who fills the image.
    """
    if thickness is None:
        thickness = max(1, round(max(image.shape[:2]) / 110))
    drawn = _drawable(keypoints, drawn)
    points = [tuple(round(v) for v in point) for point in np.nan_to_num(keypoints).tolist()]
    rim = thickness // 4
    links = [
        (points[start], points[end], [int(channel) for channel in color[::-1]])
        for (start, end), color in zip(
            metainfo["skeleton_links"], metainfo["skeleton_link_colors"], strict=True
        )
        if drawn[start] and drawn[end]
    ]
    if rim:  # keeps lines visible on a background of the same color
        for start, end, _ in links:
            cv2.line(image, start, end, (0, 0, 0), thickness + 2 * rim, cv2.LINE_AA)
    for start, end, bgr in links:
        cv2.line(image, start, end, bgr, thickness, cv2.LINE_AA)
    for point, on, color in zip(points, drawn, metainfo["keypoint_colors"], strict=True):
        if on:
            bgr = [int(channel) for channel in color[::-1]]
            cv2.circle(image, point, thickness + 1, bgr, -1, cv2.LINE_AA)
            if thickness > 1:
                cv2.circle(image, point, thickness + 1, (255, 255, 255), max(1, rim), cv2.LINE_AA)


def draw_people(
    image: Image, keypoints: np.ndarray, drawn: np.ndarray, metainfo: dict[str, Any]
) -> None:
    """Draw the skeletons of an image's people into it, in place.

    The lines' thickness suits each person's size. It is never too thin to be seen in a view of the
    whole image.

    Args:
        image: (H, W, 3) uint8, BGR.
        keypoints: (N, K, 2) px, of N people.
        drawn: (N, K) bool.
        metainfo: As in `draw_skeleton`.
    """
    side = max(image.shape[:2])
    for points, shown in zip(keypoints, drawn, strict=True):
        shown = _drawable(points, shown)
        if shown.any():
            extent = float(np.ptp(points[shown], axis=0).max())
            width = min(max(extent / 60, side / 400), side / 110)
            draw_skeleton(image, points, shown, metainfo, max(1, round(width)))


def _drawable(keypoints: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Leave out keypoints that are not finite, or far beyond any picture."""
    near: np.ndarray = (np.abs(keypoints) < FAR).all(axis=1)
    return drawn & near


def person_tile(
    image: Image,
    center: np.ndarray,
    scale: np.ndarray,
    keypoints: np.ndarray,
    drawn: np.ndarray,
    metainfo: dict[str, Any],
    side: int = 256,
) -> Image:
    """Cut out a person's box, resize it to side x side px, and draw one skeleton over it.

    Args:
        image: (H, W, 3) uint8, BGR.
        center: (2,) center of the box, px.
        scale: (2,) width and height of the box, px.
        keypoints: (K, 2) px in the image.
        drawn: (K,) bool.
        metainfo: As in `draw_skeleton`.
        side: Side of the tile in px.
    """
    zoom = side / float(max(scale))
    shift = side / 2 - zoom * np.asarray(center, dtype=float)
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    tile = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR)
    draw_skeleton(tile, keypoints * zoom + shift, drawn, metainfo)
    return tile


def sheet(rows: Sequence[Sequence[Image]], titles: Sequence[str], columns: int) -> Image:
    """Arrange groups of tiles, `columns` groups per row. Each tile shows its title."""
    groups = []
    for tiles in rows:
        titled = []
        for tile, title in zip(tiles, titles, strict=True):
            tile = tile.copy()
            for color, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
                cv2.putText(
                    tile, title, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, thickness, 16
                )
            titled.append(tile)
        group = np.hstack(titled)
        groups.append(cv2.copyMakeBorder(group, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(255,) * 3))
    blank = np.full_like(groups[0], 255)
    groups += [blank] * (-len(groups) % columns)
    return np.vstack([np.hstack(groups[i : i + columns]) for i in range(0, len(groups), columns)])
