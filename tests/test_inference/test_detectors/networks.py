"""A small detector network, with the outputs of the usual exported detectors.

It finds the blue rectangle of a picture that is otherwise as gray as the padding: as a person, as
the same person with a lower score, and as a dog that is larger.

Shape shorthand in this module: G cells of a grid, C classes, H x W px of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GRAY, BLUE = 114, 255
SIZE = (64, 96)
"""Height and width of the input in px."""

CELLS = 8 * 12 + 4 * 6 + 2 * 3
SHIFTS = np.float32([[0, 0, 0, 0], [1, -1, 0, 2], [0, 0, 9, 9]])
"""Added to the center and size of the boxes, px of the input."""

SCORES = np.float32([[0.9, 0.1, 0], [0.6, 0, 0.2], [0.05, 0.95, 0]])
"""Of the boxes, for the classes person, dog, other."""

OBJECTNESS = 0.5

_FIRST = 41
"""Row of the first box in a grid: the cell (5, 3) of stride 8. The others are right of it."""

FORMATS = {
    "bgr255": (0, 1, 0),
    "rgb255": (2, 1, 0),
    "rgb1": (2, 255, 0),
    "bgr-imagenet": (0, 57.375, 103.53),
    "rgb-imagenet": (2, 57.375, 103.53),
}
"""The channel of blue, and what to multiply by and to add to get 0 to 255."""


class Graph:
    """A network to which nodes are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, op: str, *inputs: str | np.ndarray, name: str = "", **attributes: object) -> str:
        """Add a node; return the name of its output."""
        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        output = name or f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [output], **attributes))
        return output

    def constant(self, values: np.ndarray, name: str = "") -> str:
        """Add a weight; return its name."""
        name = name or f"weight_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name


def picture(height: int, width: int, box: tuple[int, int, int, int]) -> np.ndarray:
    """Draw the picture (height, width, 3) that the network looks for."""
    left, top, right, bottom = box
    image = np.full((height, width, 3), GRAY, np.uint8)
    image[top:bottom, left:right, 0] = BLUE
    return image


def write_detector(
    path: Path,
    outputs: str,
    *,
    colors: str = "bgr255",
    shape: tuple[int | str, ...] = (1, 3, *SIZE),
    weight: str = "weight",
    metadata: Mapping[str, str] | None = None,
    half: bool = False,
    bias: float = 0,
) -> Path:
    """Write the network.

    Args:
        path: The file.
        outputs: One of OUTPUTS.
        colors: What the network takes, one of FORMATS.
        shape: Of the input.
        weight: Name of one of its weights.
        metadata: What the exporting program wrote.
        half: Take float16.
        bias: Added to all scores.
    """
    graph = Graph()
    images = "images"
    if half:
        images = graph.add("Cast", images, to=TensorProto.FLOAT)
    if len(shape) == 3:
        images = graph.add("Unsqueeze", images, np.int64([0]))
    channel, scale, mean = FORMATS[colors]
    blue = graph.add("Gather", images, np.int64(channel), axis=1)
    scale, mean = scale / (BLUE - GRAY), (mean - GRAY) / (BLUE - GRAY)
    blueness = graph.add("Mul", blue, graph.constant(np.float32(scale), weight))
    blueness = graph.add("Add", blueness, np.float32(mean))
    boxes = graph.add("Add", _extent(graph, blueness), SHIFTS)
    peak = graph.add("ReduceMax", blueness, keepdims=0)
    peak = graph.add("Clip", peak, np.float32(0), np.float32(1))
    scores = graph.add("Add", graph.add("Mul", peak, SCORES), np.float32(bias))
    names = OUTPUTS[outputs](graph, boxes, scores)

    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    declared = [
        helper.make_tensor_value_info(
            name, TensorProto.INT64 if name == "labels" else TensorProto.FLOAT, None
        )
        for name in names
    ]
    proto = helper.make_graph(
        graph.nodes,
        "detector",
        [helper.make_tensor_value_info("images", kind, shape)],
        declared,
        graph.constants,
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, path)
    return path


def _extent(graph: Graph, blueness: str) -> str:
    """Measure the center and size (1, 4) in px of what is blue in (1, H, W)."""
    parts: list[str] = []
    sizes: list[str] = []
    for other in (1, 2):
        profile = graph.add("ReduceMax", blueness, axes=[other], keepdims=0)
        size = graph.add("ReduceSum", profile, np.int64([1]), keepdims=1)
        ones = graph.add("Add", graph.add("Mul", profile, np.float32(0)), np.float32(1))
        middles = graph.add("Sub", graph.add("CumSum", ones, np.int64(1)), np.float32(0.5))
        moment = graph.add("ReduceSum", graph.add("Mul", profile, middles), np.int64([1]))
        parts.append(graph.add("Div", moment, graph.add("Add", size, np.float32(1e-9))))
        sizes.append(size)
    return graph.add("Concat", *parts, *sizes, axis=1)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """Return the cells (G, 2), x and y, and their strides (G, 1)."""
    rows = [
        (x, y, stride)
        for stride in (8, 16, 32)
        for y in range(SIZE[0] // stride)
        for x in range(SIZE[1] // stride)
    ]
    table = np.float32(rows)
    return table[:, :2], table[:, 2:]


def _rows(graph: Graph, boxes: str, scores: str, number: int, objectness: bool = True) -> str:
    """Put center, size, objectness and scores of the boxes among others, (1, number, 5 + C)."""
    cells, strides = _grid()
    centers = (cells + 0.5) * strides
    width = 5 + SCORES.shape[1] if objectness else 4 + SCORES.shape[1]
    others = np.zeros((number, width), np.float32)
    others[:, :2] = np.tile(centers, (number // CELLS, 1))
    others[_FIRST : _FIRST + len(SHIFTS)] = 0
    return graph.add("Add", _padded(graph, boxes, scores, number, objectness), others)


def _padded(graph: Graph, boxes: str, scores: str, number: int, objectness: bool) -> str:
    objects = [np.full((len(SHIFTS), 1), OBJECTNESS, np.float32)] if objectness else []
    known = graph.add("Concat", boxes, *objects, scores, axis=1)
    after = number - _FIRST - len(SHIFTS)
    padded = graph.add("Pad", known, np.int64([_FIRST, 0, after, 0]))
    return graph.add("Unsqueeze", padded, np.int64([0]))


def yolox(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Offsets in the cells, and logarithms of the sizes."""
    cells, strides = (each[_FIRST : _FIRST + len(SHIFTS)] for each in _grid())
    centers, sizes = (
        graph.add("Slice", boxes, np.int64([first]), np.int64([first + 2]), np.int64([1]))
        for first in (0, 2)
    )
    offsets = graph.add("Sub", graph.add("Div", centers, strides), cells)
    logarithms = graph.add("Log", graph.add("Div", sizes, strides))
    raw = graph.add("Concat", offsets, logarithms, axis=1)
    return [graph.add("Identity", _padded(graph, raw, scores, CELLS, True), name="output")]


def yolox_decoded(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Centers and sizes in px."""
    return [graph.add("Identity", _rows(graph, boxes, scores, CELLS), name="output")]


def yolov5(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Three boxes per cell."""
    return [graph.add("Identity", _rows(graph, boxes, scores, 3 * CELLS), name="output0")]


def yolov8(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Without objectness, and with the boxes in columns; and masks, which do not matter."""
    rows = _rows(graph, boxes, scores, CELLS, objectness=False)
    masks = graph.add("Identity", np.zeros((1, 2, 16, 24), np.float32), name="output1")
    return [graph.add("Transpose", rows, perm=[0, 2, 1], name="output0"), masks]


def nms(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Corners, score and class of each box, and empty rows."""
    best = graph.add("ReduceMax", scores, axes=[1], keepdims=1)
    classes = SCORES.argmax(1).astype(np.float32)[:, None]
    rows = graph.add("Concat", _corners(graph, boxes), best, classes, axis=1)
    rows = graph.add("Pad", rows, np.int64([0, 0, 300 - len(SHIFTS), 0]))
    return [graph.add("Unsqueeze", rows, np.int64([0]), name="output0")]


def mmdeploy(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Corners with the score, and classes."""
    best = graph.add("ReduceMax", scores, axes=[1], keepdims=1)
    rows = graph.add("Concat", _corners(graph, boxes), best, axis=1)
    labels = graph.add("Identity", SCORES.argmax(1)[None], name="labels")
    return [graph.add("Unsqueeze", rows, np.int64([0]), name="dets"), labels]


def torchvision(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Corners, classes and scores; class 0 is the background."""
    corners = graph.add("Identity", _corners(graph, boxes), name="boxes")
    labels = graph.add("Identity", SCORES.argmax(1) + 1, name="labels")
    return [corners, labels, graph.add("ReduceMax", scores, axes=[1], keepdims=0, name="scores")]


def unknown(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Boxes and scores of all classes, as a detection transformer gives them."""
    return [
        graph.add("Unsqueeze", boxes, np.int64([0]), name="dets"),
        graph.add("Unsqueeze", scores, np.int64([0]), name="scores"),
    ]


def feature_maps(graph: Graph, boxes: str, scores: str) -> list[str]:
    """Feature maps of a network without its head's last part."""
    return [graph.add("Identity", np.zeros((1, 8, 8, 12), np.float32), name="stride_8")]


def _corners(graph: Graph, boxes: str) -> str:
    half = np.float32([[1, 0, 1, 0], [0, 1, 0, 1], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]])
    return graph.add("MatMul", boxes, half)


OUTPUTS: dict[str, Callable[[Graph, str, str], list[str]]] = {
    function.__name__: function
    for function in (
        yolox,
        yolox_decoded,
        yolov5,
        yolov8,
        nms,
        mmdeploy,
        torchvision,
        unknown,
        feature_maps,
    )
}
