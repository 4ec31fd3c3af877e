"""Files that are refused before they are run."""

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mmhg.errors import InputError
from mmhg.inference import PersonDetector
from mmhg.inference.detectors.onnx_header import read_header

from .networks import SIZE, picture, write_detector


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_detector(tmp_path / "detector.onnx", "yolov8", colors="rgb1")


def test_what_a_header_says(tmp_path: Path) -> None:
    metadata = {"imgsz": "[320, 480]", "names": "{0: 'person'}"}
    shape = ("batch", 3, "height", "width")
    path = write_detector(tmp_path / "a.onnx", "nms", shape=shape, metadata=metadata, half=True)
    header = read_header(path)
    assert (header.input_name, header.rank, header.dtype) == ("images", 4, np.float16)
    assert (header.size, header.any_size, header.normalizes) == ((320, 480), True, False)
    assert "weight" in header.weights and header.metadata == metadata


@pytest.mark.parametrize("content", [b"", b"hello world" * 50, "half", "all but 3 bytes"])
def test_damaged_files(content: bytes | str, path: Path) -> None:
    data = path.read_bytes()
    parts = {"half": data[: len(data) // 2], "all but 3 bytes": data[:-3]}
    path.write_bytes(parts.get(content, content))
    with pytest.raises(InputError, match=r"detector\.onnx is no ONNX file, or damaged: "):
        PersonDetector(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "folder.onnx").mkdir()
    for name, reason in [("nosuch.onnx", "No such file"), ("folder.onnx", "Is a directory")]:
        with pytest.raises(InputError, match=rf"cannot read .*{name}: {reason}"):
            PersonDetector(tmp_path / name)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, *SIZE, 3), r"takes an input of shape \(1, 64, 96, 3\)\. .* \(1, 3, height, width\)"),
        ((8, 3, *SIZE), r"takes an input of shape \(8, 3, 64, 96\)"),
        ((1, 1, *SIZE), r"takes an input of shape \(1, 1, 64, 96\)"),
        (("batch", 3), r"takes an input of shape \(\?, 3\)"),
        ((1, 3, 10**6, 10**6), r"takes images of 1000000 x 1000000 px; at most 4096 x 4096"),
        ((1, 3, "height", 5000), r"takes images of 5000 x 640 px"),
    ],
)
def test_other_inputs(shape: Any, message: str, path: Path) -> None:
    change(path, lambda model: declare(model, shape))
    with pytest.raises(InputError, match=message):
        PersonDetector(path)


def test_other_types(path: Path) -> None:
    change(path, lambda model: declare(model, (1, 3, *SIZE), TensorProto.UINT8))
    with pytest.raises(InputError, match=r"takes UINT8\. A detector must take FLOAT or FLOAT16"):
        PersonDetector(path)


def test_several_inputs(path: Path) -> None:
    sizes = helper.make_tensor_value_info("sizes", TensorProto.INT64, [1, 2])
    change(path, lambda model: model.graph.input.append(sizes))
    with pytest.raises(InputError, match=r"takes 2 inputs \(images, sizes\)"):
        PersonDetector(path)


def test_weights_that_are_declared_as_inputs(path: Path) -> None:
    weight = helper.make_tensor_value_info("weight", TensorProto.FLOAT, [])
    change(path, lambda model: model.graph.input.append(weight))
    assert len(PersonDetector(path)(picture(64, 96, (10, 10, 30, 60)))) == 1


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "link.bin", "missing.bin"])
def test_weights_in_other_files(location: str, path: Path) -> None:
    secret = path.parent.parent / "secret.bin"
    secret.write_bytes(bytes(4))
    os.symlink(secret, path.parent / "link.bin")
    change(path, lambda model: move_weight(model, location))
    reason = "is missing" if location == "missing.bin" else "outside of its folder. It was not read"
    with pytest.raises(InputError, match=rf"detector\.onnx .*{location}.*{reason}"):
        PersonDetector(path)


def test_weights_beside_the_file(path: Path) -> None:
    weight = next(w for w in onnx.load(path).graph.initializer if w.name == "weight")
    (path.parent / "weights.bin").write_bytes(weight.raw_data)
    change(path, lambda model: move_weight(model, "weights.bin"))
    assert len(PersonDetector(path)(picture(64, 96, (10, 10, 30, 60)))) == 1


def test_a_network_that_onnxruntime_cannot_run(path: Path) -> None:
    unknown = helper.make_node("TRTBatchedNMS", ["images"], ["boxes"], domain="mmdeploy")
    change(path, lambda model: model.graph.node.append(unknown))
    with pytest.raises(InputError, match=r"detector\.onnx cannot be run: .*mmdeploy"):
        PersonDetector(path)


def test_a_network_that_asks_for_too_much_memory(path: Path) -> None:
    def fill(model: onnx.ModelProto) -> None:
        shape = helper.make_tensor("huge", TensorProto.INT64, [2], [10**7, 10**7])
        model.graph.initializer.append(shape)
        model.graph.node.append(helper.make_node("ConstantOfShape", ["huge"], ["zeros"]))
        zeros = helper.make_tensor_value_info("zeros", TensorProto.FLOAT, [None, None])
        model.graph.output.append(zeros)

    change(path, fill)
    with pytest.raises(InputError, match=r"detector\.onnx cannot be run: .*memory"):
        PersonDetector(path)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_missing_packages(package: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        InputError, match=r"needs onnx and onnxruntime: pip install 'mmhg\[export\]"
    ):
        PersonDetector(path)


def change(path: Path, edit: Any) -> None:
    model = onnx.load(path)
    edit(model)
    onnx.save(model, path)


def declare(model: onnx.ModelProto, shape: Any, kind: int = TensorProto.FLOAT) -> None:
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("images", kind, shape))


def move_weight(model: onnx.ModelProto, location: str) -> None:
    weight = next(weight for weight in model.graph.initializer if weight.name == "weight")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
