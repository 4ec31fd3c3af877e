"""Draw the worst examples of each kind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mmhg.data_check.check import Report
from mmhg.data_check.findings import KINDS, Example
from mmhg.datasets.transforms.loading import load_image
from mmhg.errors import InputError
from mmhg.utils.files import replacing
from mmhg.visualization.skeleton import draw_skeleton

SIDE, COLUMNS, MOST = 300, 5, 20
_TITLE, _CAPTION = 34, 46
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_WHITE, _BLACK, _GRAY, _RED = (255,) * 3, (0,) * 3, (90,) * 3, (40, 40, 220)


def draw_sheets(report: Report, folder: Path) -> list[Path]:
    """Write one PNG for each kind that has pictures, and one of the most suspicious people.

    Args:
        report: What was found.
        folder: Where the files go, named by the kind.

    Returns:
        The files.
    """
    groups = [(one.kind, KINDS[one.kind].title, one.examples) for one in report.findings]
    groups.append(("most-suspicious", "The most suspicious people", report.suspects))
    files = []
    for name, title, examples in groups:
        drawn = [one for one in examples if one.picture is not None]
        most = 100 if name == "most-suspicious" else MOST
        if not drawn:
            continue
        text = f"{title}: {len(drawn)}" + (f", {most} of them" if len(drawn) > most else "")
        path = folder / f"{name}.png"
        with replacing(path) as partial:
            cv2.imwrite(str(partial), _sheet(drawn[:most], text, report.metainfo))
        files.append(path)
    return files


def _sheet(examples: Sequence[Example], title: str, metainfo: dict[str, Any]) -> np.ndarray:
    tiles = [_tile(one, metainfo) for one in examples]
    columns = min(COLUMNS, len(tiles))
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    head = np.full((_TITLE, rows[0].shape[1], 3), 255, np.uint8)
    cv2.putText(head, title[:120], (8, 24), _FONT, 0.65, _BLACK, 1, cv2.LINE_AA)
    return np.vstack([head, *rows])


def _tile(example: Example, metainfo: dict[str, Any]) -> np.ndarray:
    tile = np.full((SIDE + _CAPTION, SIDE, 3), 255, np.uint8)
    try:
        image = load_image(str(example.picture))
    except InputError:
        cv2.putText(tile, "cannot be read", (70, SIDE // 2), _FONT, 0.6, _RED, 1, cv2.LINE_AA)
    else:
        tile[2 : SIDE - 2, 2 : SIDE - 2] = _view(image, example, metainfo)
    name = "" if example.id is None else f"{example.id}  "
    text = f"{name}{Path(str(example.picture)).name}: {example.what}"
    for number, start in enumerate(range(0, min(len(text), 144), 48)):
        line = text[start : start + 48]
        cv2.putText(tile, line, (4, SIDE + 12 + 14 * number), _FONT, 0.36, _GRAY, 1, cv2.LINE_AA)
    return tile


def _view(image: np.ndarray, example: Example, metainfo: dict[str, Any]) -> np.ndarray:
    """Show the person and some of the image about it, or the whole image."""
    height, width = image.shape[:2]
    corners = [np.array([[0, 0], [width, height]], dtype=float)]
    points, labeled = example.points, example.labeled
    seen = points is not None and labeled is not None and labeled.any()
    if seen or example.box is not None:
        corners = []
    if seen:
        assert points is not None
        corners.append(points[labeled].reshape(-1, 2))
    if example.box is not None:
        corners.append(example.box.reshape(2, 2))
    places = np.concatenate(corners).clip(-2.0 * max(width, height), 3.0 * max(width, height))
    low, high = places.min(axis=0), places.max(axis=0)
    side = max(float((high - low).max()) * 1.3, 24.0)
    inner = SIDE - 4
    zoom = inner / side
    shift = inner / 2 - zoom * (low + high) / 2
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    view = cv2.warpAffine(
        image, matrix, (inner, inner), flags=cv2.INTER_AREA, borderValue=(200, 200, 200)
    )
    if example.box is not None:
        ends = (np.nan_to_num(example.box.reshape(2, 2)) * zoom + shift).clip(-9999, 9999)
        start, end = (tuple(round(v) for v in one) for one in ends.tolist())
        cv2.rectangle(view, start, end, (0, 220, 255), 1)
    if seen:
        assert points is not None and labeled is not None
        moved = np.nan_to_num(points) * zoom + shift
        names = len(metainfo.get("keypoint_colors", ()))
        if names == len(points):
            draw_skeleton(view, moved, labeled, metainfo, 2)
        for number, (x, y) in enumerate(moved.clip(-9999, 9999).tolist()):
            if labeled[number]:
                place = round(x) + 4, round(y) - 3
                for color, width in ((_BLACK, 2), (_WHITE, 1)):
                    cv2.putText(view, str(number), place, _FONT, 0.32, color, width, cv2.LINE_AA)
    return view
