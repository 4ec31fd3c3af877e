"""What the outputs of exported detectors mean, told by their shapes.

Shape shorthand in this module: N boxes, C classes, G cells of the grids of strides 8, 16, 32 (and
64). Boxes are left, top, right, bottom in px of the detector's input. The shapes are those that
YOLOX's, MMDeploy's, Ultralytics's and torchvision's exports have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mmhg.errors import InputError

_STRIDES = [(8, 16, 32), (8, 16, 32, 64)]
_MOST_AXES = 3
_ANCHORS = 3
"""Boxes per cell in YOLOv5 and YOLOv7."""

UNDERSTOOD = (
    "YOLOX (1, cells, 5 + classes), YOLOv5 (1, 3 x cells, 5 + classes), YOLOv8 and later "
    "(1, 4 + classes, cells) or with NMS (1, boxes, 6), MMDeploy's dets (1, boxes, 5) and labels "
    "(1, boxes), torchvision's boxes (boxes, 4), labels (boxes) and scores (boxes). cells is the "
    "number of cells of strides 8, 16, 32 (and 64)"
)
"""For the message about other shapes."""

Arrays = Sequence[np.ndarray]


@dataclass(frozen=True)
class Layout:
    """One kind of outputs.

    Attributes:
        name: Whose outputs these are.
        read: Gives boxes (N, 4) and the scores (N,) of people, from outputs and people's class.
        input_format: What such a detector takes, a name of `INPUT_FORMATS`; None if unknown.
        person: The usual class of people.
        centered: Images are centered in the input.
    """

    name: str
    read: Callable[[Arrays, int], tuple[np.ndarray, np.ndarray]]
    input_format: str | None
    person: int = 0
    centered: bool = False


def of_boxes(outputs: Arrays) -> list[np.ndarray]:
    """Leave out masks and feature maps, which have more than three axes, and what is no array."""
    arrays = (output for output in outputs if isinstance(output, np.ndarray))
    return [array for array in arrays if array.ndim <= _MOST_AXES]


def find_layout(outputs: Arrays, size: tuple[int, int]) -> Layout | None:
    """Tell what outputs mean, or return None.

    Args:
        outputs: Of one image, without those that `of_boxes` leaves out.
        size: Height and width of the detector's input.
    """
    shapes = [output.shape for output in outputs]
    match sorted(shapes, key=len, reverse=True):
        case [(1, rows, columns)]:
            return _of_one_array(outputs[0], rows, columns, size)
        case [(1, number, 5), (1, labels)] if number == labels:
            return Layout("MMDeploy", _read_mmdeploy, None)
        case [(boxes, 4), (labels,), (scores,)] if boxes == labels == scores:
            return Layout("torchvision", _read_torchvision, "rgb1", person=1)
    return None


def _of_one_array(
    output: np.ndarray, rows: int, columns: int, size: tuple[int, int]
) -> Layout | None:
    for strides in _STRIDES:
        grid = Grid(size, strides)
        if columns > 5 and rows == len(grid):
            if grid.holds_centers(output[0, :, :2]):
                return Layout("YOLOX, decoded", _read_objects, "bgr255")
            return Layout("YOLOX", partial(_read_yolox, grid=grid), "bgr255")
        if columns > 5 and rows == _ANCHORS * len(grid):
            return Layout("YOLOv5", _read_objects, "rgb1", centered=True)
        if rows > 4 and columns == len(grid):
            return Layout("YOLOv8 or later", _read_yolov8, "rgb1", centered=True)
    if columns == 6:
        return Layout("YOLO with NMS", _read_nms, "rgb1", centered=True)
    return None


class Grid:
    """The cells of a detector's feature maps, row by row, from the finest to the coarsest.

    Args:
        size: Height and width of the input in px.
        strides: Px per cell of each feature map.
    """

    def __init__(self, size: tuple[int, int], strides: Sequence[int]) -> None:
        maps = [np.indices((size[0] // stride, size[1] // stride)) for stride in strides]
        self._cells = np.concatenate([cells[::-1].reshape(2, -1).T for cells in maps])
        self._strides = np.repeat(strides, [cells[0].size for cells in maps])[:, None]

    def __len__(self) -> int:
        return len(self._cells)

    def holds_centers(self, centers: np.ndarray) -> bool:
        """Tell whether (G, 2) are centers near their cells, in px, rather than offsets from them.

        A detector that gives offsets gives small ones; centers in px are small in the first cells
        alone.
        """
        from_cells = np.abs(centers / self._strides - self._cells)
        return bool(np.nanmedian(from_cells) < np.nanmedian(np.abs(centers)))

    def decode(self, raw: np.ndarray) -> np.ndarray:
        """Return centers and sizes (G, 4) in px, of offsets in cells and logarithms of sizes."""
        centers = (raw[:, :2] + self._cells) * self._strides
        return np.hstack([centers, np.exp(raw[:, 2:4]) * self._strides])


def _read_yolox(outputs: Arrays, person: int, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Read (1, G, 5 + C): offset in the cell, logarithm of the size, objectness, classes."""
    rows = outputs[0][0].astype(np.float64)
    return _read_objects([np.hstack([grid.decode(rows), rows[:, 4:]])[None]], person)


def _read_objects(outputs: Arrays, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Read (1, N, 5 + C): center and size in px, objectness, classes."""
    rows = outputs[0][0]
    return _corners(rows[:, :4]), rows[:, 4] * _scores_of(person, rows[:, 5:])


def _read_yolov8(outputs: Arrays, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Read (1, 4 + C, N): center and size in px, classes."""
    rows = outputs[0][0].T
    return _corners(rows[:, :4]), _scores_of(person, rows[:, 4:])


def _read_nms(outputs: Arrays, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Read (1, N, 6): box, score, class."""
    rows = outputs[0][0]
    found = rows[rows[:, 5] == person]
    return found[:, :4], found[:, 4]


def _read_mmdeploy(outputs: Arrays, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Read boxes with scores (1, N, 5), and classes (1, N)."""
    (rows,), (labels,) = sorted(outputs, key=np.ndim, reverse=True)
    found = rows[labels == person]
    return found[:, :4], found[:, 4]


def _read_torchvision(outputs: Arrays, person: int) -> tuple[np.ndarray, np.ndarray]:
    """Read boxes (N, 4), classes (N,), which are whole numbers, and scores (N,)."""
    (boxes,) = (output for output in outputs if output.ndim == 2)
    labels, scores = sorted(
        (output for output in outputs if output.ndim == 1),
        key=lambda output: output.dtype.kind != "i",
    )
    return boxes[labels == person], scores[labels == person]


def _corners(boxes: np.ndarray) -> np.ndarray:
    """Turn centers and sizes (N, 4) into boxes (N, 4)."""
    centers, halves = boxes[:, :2], boxes[:, 2:] / 2
    return np.hstack([centers - halves, centers + halves])


def _scores_of(person: int, classes: np.ndarray) -> np.ndarray:
    """Return the scores (N,) of people among those of all classes (N, C)."""
    if person >= classes.shape[1]:
        raise InputError(f"people are class {person} of {classes.shape[1]} (from 0)")
    return classes[:, person]
