"""Boxes of exported detectors in images of other shapes than their input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.inference import PersonDetector
from mmhg.inference.detectors.layouts import Grid

from .networks import CELLS, OBJECTNESS, SIZE, picture, write_detector

KINDS = {  # outputs: name, colors, weight
    "yolox": ("YOLOX", "bgr255", ""),
    "yolox_decoded": ("YOLOX, decoded", "bgr255", ""),
    "yolov5": ("YOLOv5", "rgb1", ""),
    "yolov8": ("YOLOv8 or later", "rgb1", ""),
    "nms": ("YOLO with NMS", "rgb1", ""),
    "mmdeploy": ("MMDeploy", "bgr-imagenet", "bbox_head.rtm_cls.0.weight"),
    "torchvision": ("torchvision", "rgb1", ""),
}
PICTURES = [  # height, width, box, and by how many px the box may be off
    (128, 60, (10, 20, 40, 100), 0.01),
    (100, 192, (60, 20, 100, 96), 0.01),
    (77, 131, (30, 11, 60, 70), 0.2),
    (32, 30, (10, 4, 20, 28), 0.01),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "detector.onnx"


@pytest.mark.parametrize("outputs", KINDS)
def test_boxes_of_each_kind(outputs: str, path: Path) -> None:
    kind, colors, weight = KINDS[outputs]
    find = PersonDetector(write_detector(path, outputs, colors=colors, weight=weight))
    assert find.description == dict(name="detector.onnx", outputs=kind, input=colors, threshold=0.3)
    for height, width, box, tolerance in PICTURES:
        found = find(picture(height, width, box))
        np.testing.assert_allclose(found, [box], atol=tolerance)
    assert find(picture(50, 50, (0, 0, 0, 0))).shape == (0, 4)


@pytest.mark.parametrize("outputs", KINDS)
def test_the_threshold_and_other_classes(outputs: str, path: Path) -> None:
    _, colors, weight = KINDS[outputs]
    write_detector(path, outputs, colors=colors, weight=weight)
    image = picture(*PICTURES[0][:3])
    score = 0.9 * (OBJECTNESS if outputs in ("yolox", "yolox_decoded", "yolov5") else 1)
    assert len(PersonDetector(path, threshold=score - 0.01)(image)) == 1
    assert len(PersonDetector(path, threshold=score + 0.01)(image)) == 0  # the dog has more


@pytest.mark.parametrize("colors", ["bgr255", "rgb255", "rgb1", "bgr-imagenet", "rgb-imagenet"])
def test_colors_by_choice(colors: str, path: Path) -> None:
    height, width, box, _ = PICTURES[0]
    find = PersonDetector(write_detector(path, "mmdeploy", colors=colors), input_format=colors)
    np.testing.assert_allclose(find(picture(height, width, box)), [box], atol=0.01)
    assert find.description["input"] == colors


@pytest.mark.parametrize(
    ("outputs", "weight", "colors"),
    [
        ("mmdeploy", "bbox_head.rtm_cls.0.weight", "bgr-imagenet"),
        ("mmdeploy", "bbox_head.multi_level_conv_cls.0.weight", "bgr255"),
        ("yolox_decoded", "head.cls_preds.0.weight", "bgr255"),
        ("yolox_decoded", "detect.cls_preds.0.weight", "rgb1"),
    ],
)
def test_colors_by_the_names_of_weights(outputs: str, weight: str, colors: str, path: Path) -> None:
    find = PersonDetector(write_detector(path, outputs, colors=colors, weight=weight))
    assert find.description["input"] == colors


def test_colors_of_a_network_that_normalizes_them_itself(path: Path) -> None:
    import onnx
    from onnx import helper

    write_detector(path, "mmdeploy", colors="bgr255", weight="bbox_head.rtm_cls.0.weight")
    model = onnx.load(path)
    model.graph.node[0].input[0] = "normalized"
    model.graph.node.insert(0, helper.make_node("Sub", ["images", "zero"], ["normalized"]))
    model.graph.initializer.append(helper.make_tensor("zero", onnx.TensorProto.FLOAT, [], [0]))
    onnx.save(model, path)
    assert PersonDetector(path).description["input"] == "bgr255"


def test_colors_that_nothing_tells(path: Path) -> None:
    with pytest.raises(InputError, match=r"does not tell .* Give --detector-input bgr-imagenet"):
        PersonDetector(write_detector(path, "mmdeploy"))
    with pytest.raises(InputError, match=r"must be one of bgr255, .*, got 'bgr'"):
        PersonDetector(path, input_format="bgr")


@pytest.mark.parametrize(
    ("outputs", "settings"),
    [
        ("yolov8", dict(half=True)),
        ("yolov8", dict(shape=("batch", 3, "height", "width"), metadata={"imgsz": "[64, 96]"})),
        ("nms", dict(shape=("batch", 3, "height", "width"))),
        ("torchvision", dict(shape=(3, *SIZE))),
        ("torchvision", dict(shape=(3, "height", "width"))),
    ],
)
def test_inputs(outputs: str, settings: dict[str, Any], path: Path) -> None:
    height, width, box, _ = PICTURES[1]
    find = PersonDetector(write_detector(path, outputs, colors="rgb1", **settings))
    np.testing.assert_allclose(find(picture(height, width, box)), [box], atol=0.2)


@pytest.mark.parametrize(
    "names", ["{0: 'cat', 1: 'Person', 2: 'x'}", "['cat', 'person', 'x']", "{1: 'player'}"]
)
@pytest.mark.parametrize("outputs", ["yolov5", "yolov8", "nms"])
def test_people_by_the_names_of_the_classes(outputs: str, names: str, path: Path) -> None:
    write_detector(path, outputs, colors="rgb1", metadata={"names": names})
    height, width, box, _ = PICTURES[0]
    left, top, right, bottom = box
    (found,) = PersonDetector(path)(picture(height, width, box))
    grown = [left - 9, top - 9, right + 9, bottom + 9]  # what is the dog elsewhere
    np.testing.assert_allclose(found, np.clip(grown, 0, [width, height] * 2), atol=0.01)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("{0: 'cat', 1: 'dog'}", r"finds cat, dog\. One of the classes must be person"),
        ("{7: 'person'}", r"people are class 7 of 3"),
    ],
)
def test_classes_without_people(names: str, message: str, path: Path) -> None:
    write_detector(path, "yolov8", colors="rgb1", metadata={"names": names})
    with pytest.raises(InputError, match=message):
        PersonDetector(path)


def test_outputs_that_are_not_understood(path: Path) -> None:
    message = (
        r"detector\.onnx gives outputs of shapes \(1, 3, 4\), \(1, 3, 3\) for an image of "
        r"96 x 64 px\. These are understood: YOLOX \(1, cells, 5 \+ classes\), .*"
    )
    with pytest.raises(InputError, match=message):
        PersonDetector(write_detector(path, "unknown"))
    with pytest.raises(InputError, match=r"gives outputs of shapes \(1, 8, 8, 12\) for an image"):
        PersonDetector(write_detector(path, "feature_maps"))


def test_scores_must_be_probabilities(path: Path) -> None:
    with pytest.raises(InputError, match=r"gives scores from -4 to 0\. .* with its sigmoid"):
        PersonDetector(write_detector(path, "yolov8", colors="rgb1", bias=-4))


def test_centers_in_pixels_and_offsets_in_cells() -> None:
    grid = Grid(SIZE, (8, 16, 32))
    assert len(grid) == CELLS
    rng = np.random.default_rng(0)
    offsets = rng.normal(0.5, 1, (CELLS, 2))
    boxes = grid.decode(np.hstack([offsets, np.zeros((CELLS, 2))]))
    assert not grid.holds_centers(offsets)
    assert grid.holds_centers(boxes[:, :2])
    assert boxes[0, 2:].tolist() == [8, 8] and boxes[-1, 2:].tolist() == [32, 32]
    np.testing.assert_allclose(boxes[12 + 1, :2], (offsets[13] + [1, 1]) * 8)
    np.testing.assert_allclose(boxes[96 + 6 + 2, :2], (offsets[104] + [2, 1]) * 16)
