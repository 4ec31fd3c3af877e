"""Find keypoints of people in images with the exported network in this folder, without MMPose.

python predict.py photo.jpg another.jpg --boxes boxes.json -o keypoints.json

It needs numpy, OpenCV and the runtime of the folder's format. Everything else is in `model.json`.
In Python: `Predictor()(images, boxes)`; several threads may use one at once.

Shape shorthand in this module: N people, K keypoints, H x W px of the heatmaps. Coordinates are px,
0-based, with pixels at whole numbers.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import math
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

MAX_PIXELS = 178_956_970
"""Largest image, width x height, by its header. OPENCV_IO_MAX_IMAGE_PIXELS in the environment sets
another limit."""

os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))  # OpenCV reads it on import

import cv2  # noqa: E402
import numpy as np  # noqa: E402

DESCRIPTION = "model.json"
BATCH_SIZE = 8
"""Largest number of crops in a batch, where the network takes more than one."""

FILES = {
    "onnx": "model.onnx",
    "openvino": "model.xml",
    "torchscript": "model.torchscript",
    "torch_export": "model.pt2",
}
"""The model's file, by its format."""

_PLAIN = (str, int, float, type(None))
_DEEPEST = 16
"""Levels of nesting that JSON may have."""
_LARGEST, _LARGEST_INPUT, _LARGEST_SHIFT = 1e6, 8192, 100.0
"""Bounds of what `model.json` and boxes may say: numbers in general, px of the input, and factors
and px of the crop. Nothing real is near."""

_QUARTER = 0.25
_PRECISION_HINTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
_SOME_FAILED, _BAD_INPUT = 1, 2
_LONGEST_SIDE = 32_766
"""Px that OpenCV warps."""

_MOST_PX = 1e9
"""Largest coordinate of a box, far beyond any image."""

_CHANNELS = {"RGB": 3, "BGR": 3, "gray": 1, "stored": None}
"""Say what the network takes, and how many channels that are; None for those of the files."""
_MOST_CHANNELS = 512
_WORD = 65_535
"""Largest value of 16 bits."""
_NPY_START, _PNG_START = b"\x93NUMPY", b"\x89PNG\r\n\x1a\n"
_DEEP_STARTS = (b"II*\0", b"MM\0*", b"P5", b"P6")
"""Beginnings of TIFF and PNM files, which may have 16 bits."""
_PNG_DEPTH, _PNG_COLOR, _PNG_GRAY_ALPHA = 24, 25, 4
"""Positions of the bits and of the kind of color in a PNG, and one such kind."""

_DAMAGE = (b"Corrupt JPEG data", b"Premature end of JPEG")
_LISTENING = threading.Lock()

Image = str | Path | np.ndarray
Network = Callable[[np.ndarray], dict[str, np.ndarray]]
"""From images (N, C, height, width), float32, to arrays by the names of the model's outputs."""

_Rule = Callable[[Any, dict[str, Any]], bool]
"""From a part of `model.json`, and all of it, to whether it can be."""


class Predictor:
    """The network of a folder, from images and boxes to keypoints.

    Args:
        folder: The folder of `model.json` and the model.
        flip_test: Average with the mirrored image; None does as the training's config.
        threads: Number of the runtime's threads; None leaves it to the runtime.

    Attributes:
        description: The content of `model.json`.

    Raises:
        ValueError: The folder does not hold an exported network.
    """

    def __init__(
        self,
        folder: str | Path = Path(__file__).parent,
        *,
        flip_test: bool | None = None,
        threads: int | None = None,
    ) -> None:
        self.description = read_description(Path(folder))
        self.flip_test = self.description["flip_test"]["on"] if flip_test is None else flip_test
        self._network = load_network(Path(folder), self.description, threads)

    def __call__(
        self, images: Sequence[Image], boxes: Sequence[Any] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of people.

        Args:
            images: Files, or arrays (height, width, 3) uint8 with channels blue, green, red, or
                what else the network takes: gray, 16 bits, more channels.
            boxes: For each image the boxes of its people, (number, 4): left, top, right, bottom.
                None takes each whole image as one person's box.

        Returns:
            Keypoints (N, K, 2), px of their images, and scores (N, K); N counts the people of the
            first image, then those of the second, and so on.

        Raises:
            ValueError: An image cannot be read, or a box has no area or is outside of its image.
        """
        if boxes is not None and len(boxes) != len(images):
            raise ValueError(f"there are {len(images)} images, but boxes for {len(boxes)}")
        keypoints, scores = [], []
        people = iter(self._crops(images, boxes))
        while batch := list(islice(people, BATCH_SIZE)):
            crops, centers, sizes = map(np.stack, zip(*batch, strict=True))
            found, values = self._read(crops)
            width_height = self.description["input"]["size"]
            sizes, centers = sizes[:, None], centers[:, None]
            keypoints.append(found / width_height * sizes + centers - 0.5 * sizes)
            scores.append(values)
        if not keypoints:
            number = len(self.description["keypoints"]["names"])
            return np.empty((0, number, 2)), np.empty((0, number))
        return np.concatenate(keypoints), np.concatenate(scores)

    def heatmaps(self, crops: np.ndarray) -> np.ndarray:
        """Return heatmaps (N, K, H, W) of inputs (N, C, height, width), after the flip test."""
        heatmaps = self._network(crops)["heatmaps"]
        if not self.flip_test:
            return heatmaps
        mirrored = self._network(np.ascontiguousarray(crops[..., ::-1]))["heatmaps"]
        mirrored = mirrored[:, self.description["keypoints"]["flip_indices"], :, ::-1].copy()
        if self.description["flip_test"]["shift_heatmap"]:
            mirrored[..., 1:] = mirrored[..., :-1].copy()
        return (heatmaps + mirrored) * 0.5

    def _read(self, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return keypoints (N, K, 2), px of the network's input, and scores (N, K)."""
        if "keypoints" in self.description["outputs"] and not self.flip_test:
            outputs = self._network(crops)
            return outputs["keypoints"], outputs["scores"]
        return decode(self.heatmaps(crops), self.description["codec"])

    def _crops(
        self, images: Sequence[Image], boxes: Sequence[Any] | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield for each person a network input (C, height, width), its center and its size."""
        settings = self.description["input"]
        for index, source in enumerate(images):
            image = read_image(source, len(settings["mean"]))
            shift = self.description["crop"]["whole_image_shift"]
            whole = np.array([[0, 0, image.shape[1], image.shape[0]]]) + shift
            name = f"image {index}" if isinstance(source, np.ndarray) else str(source)
            image = convert_image(image, settings, name)
            for box in whole if boxes is None else check_boxes(boxes[index], image, name):
                crop, center, size = crop_person(image, box, self.description)
                yield normalize(crop, settings), center, size


def _float32(values: Any) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def read_description(folder: Path) -> dict[str, Any]:
    """Read `model.json`, the description of the network."""
    path = folder / DESCRIPTION
    try:
        description = _read_json(path)
        check_description(description)
    except OSError as error:
        reason = f"{path}: {error.strerror}"
        raise ValueError(f"{folder} holds no exported network: {reason}") from error
    except ValueError as error:
        raise ValueError(f"{folder} holds no exported network: {path}: {error}") from error
    file = folder / description["file"]
    if not file.is_file():
        raise ValueError(f"{folder} lacks {file.name}, which {path} names")
    checked: dict[str, Any] = description
    return checked


def _read_json(path: Path) -> Any:
    """Read JSON. Whatever is wrong with its text is a ValueError."""
    try:
        content = json.loads(path.read_bytes())
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    level = [content]
    for _ in range(_DEEPEST):
        inside = [item.values() if isinstance(item, dict) else item for item in level]
        level = [one for items in inside if not isinstance(items, _PLAIN) for one in items]
    if level:
        raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    return content


def check_description(description: Any) -> None:
    """Raise ValueError if a description lacks something, or says what cannot be."""
    for name, fits in _RULES.items():
        found = description
        for part in name.split("."):
            if not isinstance(found, dict) or part not in found:
                raise ValueError(f"it has no {name}")
            found = found[part]
        if not fits(found, description):
            raise ValueError(f"its {name} cannot be {str(found)[:200]}")
    if not _is_range(description["input"].get("value_range")):
        raise ValueError(f"its input.value_range cannot be {description['input']['value_range']!r}")


def _are_numbers(values: Any, count: int, most: float, *, whole: bool = False) -> bool:
    """Tell if a value is a list of so many numbers, none of them larger than `most`."""
    kinds = (int,) if whole else (int, float)
    listed = isinstance(values, list) and len(values) == count
    return listed and all(type(value) in kinds and abs(value) <= most for value in values)


def _is_size(values: Any, _: Any) -> bool:
    return _are_numbers(values, 2, _LARGEST_INPUT, whole=True) and min(values) > 0


def _is_flag(value: Any, _: Any) -> bool:
    return type(value) is bool


def _one_of(*known: Any) -> _Rule:
    return lambda value, _: type(value) in (str, list, int, type(None)) and value in known


def _joints(description: dict[str, Any]) -> int:
    return len(description["keypoints"]["names"])


def _are_colors(values: Any, count: int) -> bool:
    listed = isinstance(values, list) and len(values) == count
    return listed and all(_are_numbers(color, 3, 255) and min(color) >= 0 for color in values)


def _are_of_channels(values: Any, channels: str) -> bool:
    """Tell if a value has a number for each channel."""
    number = _CHANNELS[channels] or (len(values) if isinstance(values, list) else 0)
    return 0 < number <= _MOST_CHANNELS and _are_numbers(values, number, _LARGEST)


def _is_range(value: Any) -> bool:
    return value in (None, "image") or (_are_numbers(value, 2, 1e9) and value[0] != value[1])


_RULES: dict[str, _Rule] = {
    "format": lambda value, _: isinstance(value, str) and value in FILES,
    "file": lambda value, known: value == FILES[known["format"]],
    "precision": lambda value, _: isinstance(value, str) and value in _PRECISION_HINTS,
    "outputs": _one_of(["heatmaps"], ["keypoints", "scores", "heatmaps"]),
    "input.size": _is_size,
    "input.dynamic_batch": _is_flag,
    "input.channels": _one_of(*_CHANNELS),
    "input.mean": lambda value, known: _are_of_channels(value, known["input"]["channels"]),
    "input.std": lambda value, known: (
        _are_numbers(value, len(known["input"]["mean"]), _LARGEST) and all(value)
    ),
    "crop.padding": lambda value, _: _are_numbers([value], 1, _LARGEST_SHIFT) and value > 0,
    "crop.whole_image_shift": lambda value, _: _are_numbers([value], 1, _LARGEST_SHIFT),
    "crop.alignment": _one_of("outer borders", "corner pixels", "first pixel"),
    "codec.rule": _one_of("authors", "mmpose", "udp", "dark"),
    "codec.input_size": _is_size,
    "codec.blur_kernel_size": lambda value, known: (
        _one_of(*range(1, 100, 2))(value, known) or known["codec"]["rule"] in ("authors", "mmpose")
    ),
    "flip_test.on": _is_flag,
    "flip_test.shift_heatmap": _is_flag,
    "keypoints.names": lambda value, _: (
        isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)
    ),
    "keypoints.flip_indices": lambda value, known: (
        _are_numbers(value, _joints(known), _LARGEST, whole=True)
        and sorted(value) == list(range(_joints(known)))
    ),
    "keypoints.skeleton": lambda value, known: (
        isinstance(value, list)
        and all(
            _are_numbers(link, 2, _joints(known) - 1, whole=True) and min(link) >= 0
            for link in value
        )
    ),
    "keypoints.colors": lambda value, known: _are_colors(value, _joints(known)),
    "keypoints.skeleton_colors": lambda value, known: _are_colors(
        value, len(known["keypoints"]["skeleton"])
    ),
}
"""Say what each part of `model.json` must be; the later ones rely on the earlier ones."""


def load_network(folder: Path, description: dict[str, Any], threads: int | None = None) -> Network:
    """Load the model of a folder, to be run by its own runtime on the CPU."""
    loaders = {
        "onnx": _load_onnx,
        "openvino": _load_openvino,
        "torchscript": _load_torch,
        "torch_export": _load_torch,
    }
    file = folder / description["file"]
    try:
        run = loaders[description["format"]](file, description, threads)
    except (ImportError, ValueError):
        raise
    except Exception as error:  # runtimes raise whatever a damaged file leads to
        raise ValueError(f"{file} cannot be loaded: {_reason(error)}") from error
    names = description["outputs"]
    step = BATCH_SIZE if description["input"]["dynamic_batch"] else 1
    joints = len(description["keypoints"]["names"])
    axes = {"heatmaps": (joints, None, None), "keypoints": (joints, 2), "scores": (joints,)}

    def network(images: np.ndarray) -> dict[str, np.ndarray]:
        try:
            parts = [run(images[first : first + step]) for first in range(0, len(images), step)]
            outputs = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
        except Exception as error:
            raise ValueError(f"{file} cannot be run: {_reason(error)}") from error
        wanted = [(len(images), *axes[name]) for name in names]
        fits = len(outputs) == len(names) and all(map(_has_shape, outputs, wanted))
        if not fits or not all(np.isfinite(output).all() for output in outputs):
            shapes = [output.shape for output in outputs]
            raise ValueError(f"{file} gives no finite {', '.join(names)}, but arrays of {shapes}")
        return dict(zip(names, outputs, strict=True))

    return network


def _has_shape(array: np.ndarray, shape: tuple[int | None, ...]) -> bool:
    """Tell if an array of numbers has a shape, in which None stands for any length but 0."""
    lengths = zip(array.shape, shape, strict=False)
    same = all(found == wanted if wanted is not None else found > 0 for found, wanted in lengths)
    return array.dtype.kind == "f" and array.ndim == len(shape) and same


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:300]}"


def _load_onnx(path: Path, description: dict[str, Any], threads: int | None) -> Callable:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"images": images})


def _load_openvino(path: Path, description: dict[str, Any], threads: int | None) -> Callable:
    import openvino

    core, precision = openvino.Core(), description["precision"]
    # By default OpenVINO computes in bfloat16 where the processor has it, and also when asked for
    # float16 on a processor without it, with a tenth of the accuracy.
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "float16" and "FP16" not in capabilities:
        precision = "float32"
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": _PRECISION_HINTS[precision]}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    program = core.compile_model(path, "CPU", settings)
    of_thread = threading.local()  # a request serves one call at a time

    def run(images: np.ndarray) -> list[np.ndarray]:
        if not hasattr(of_thread, "request"):
            of_thread.request = program.create_infer_request()
        return [np.array(output) for output in of_thread.request.infer(images).values()]

    return run


def _load_torch(path: Path, description: dict[str, Any], threads: int | None) -> Callable:
    import torch

    if threads:
        torch.set_num_threads(threads)
    beside = Path(__file__).with_name("torch_program.py")
    spec = importlib.util.spec_from_file_location("torch_program", beside)
    assert spec is not None and spec.loader is not None
    torch_program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(torch_program)
    network = torch_program.load(path)

    def run(images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [output.numpy() for output in network(torch.from_numpy(images))]

    return run


def read_image(source: Image, channels: int = 3) -> np.ndarray:
    """Read an image with the values of its file, upright where OpenCV turns it as its file says.

    It does so for JPEG, PNG and TIFF, from version 4.13 on for WebP as well, and in no file for
    other numbers of channels than 1 and 3, TIFF aside. An array is returned as it is.

    Args:
        source: A file, or an array.
        channels: 1 and 3 leave alpha out; others are read in the order of the file.

    Returns:
        (height, width) or (height, width, channels).

    Raises:
        ValueError: It cannot be read, is damaged or too large, or is no such array.
    """
    if isinstance(source, np.ndarray):
        if source.ndim not in (2, 3) or source.dtype.kind not in "uif" or not source.size:
            raise ValueError(
                "an image must be (height, width, channels), uint8 for example, got "
                f"{source.shape} {source.dtype}"
            )
        return source
    try:
        if "\0" in str(source):
            raise OSError("its name has a NUL character")
        if Path(source).exists() and not Path(source).is_file():  # a pipe would be waited for
            raise OSError("it is not a file")
        image, warning = _decode(np.fromfile(source, np.uint8), channels)
    except (OSError, MemoryError, cv2.error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        if "CV_IO_MAX_IMAGE" in reason:
            most = os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"]
            reason = f"it has more than OPENCV_IO_MAX_IMAGE_PIXELS={most}"
        raise ValueError(f"{str(source)!r} cannot be read: {reason}") from error
    except ValueError as error:
        raise ValueError(f"{str(source)!r} cannot be read: {error}") from error
    if image is None:
        raise ValueError(f"{source} is not an image that OpenCV reads, or it is cut off")
    if warning:
        raise ValueError(f"{source} is damaged, its decoder warns: {warning}")
    return image


def convert_image(image: np.ndarray, settings: dict[str, Any], name: str) -> np.ndarray:
    """Bring an image to the network's channels, and its values to 0..255.

    Args:
        image: (height, width) or (height, width, channels).
        settings: `input` of `model.json`.
        name: Of the image, for messages.

    Returns:
        (height, width, channels): uint8, or float32 if it was not of 8 bits or a range is set.
    """
    channels, value_range = len(settings["mean"]), settings.get("value_range")
    image = image[..., None] if image.ndim == 2 else image
    if (image.shape[2], channels) == (1, 3):
        image = image.repeat(3, axis=2)
    elif (image.shape[2], channels) == (3, 1):
        known = image.dtype in (np.uint8, np.uint16)
        image = image if known else image.astype(np.float32)
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None]
    elif image.shape[2] != channels:
        raise ValueError(f"{name} has {image.shape[2]} channels, the network takes {channels}")
    if value_range is None:
        if image.dtype == np.uint8:
            return image
        if image.dtype != np.uint16:
            raise ValueError(f"{name} has values of the type {image.dtype}, not of 8 or 16 bits")
        value_range = [0, _WORD]
    values = image.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} has values that are not finite")
    if value_range == "image":
        value_range = [float(values.min()), float(values.max())]
    low, high = value_range
    scale = 255 / (high - low) if high != low else 0.0
    return ((values - np.float32(low)) * np.float32(scale)).clip(0, 255)


def _decode(data: np.ndarray, channels: int = 3) -> tuple[np.ndarray | None, str]:
    """Decode an image, and return the warning of damage, which libjpeg only prints."""
    if not data.size:
        return None, ""
    if data[:6].tobytes() == _NPY_START:
        return _read_npy(data, channels), ""
    with _LISTENING, tempfile.TemporaryFile() as heard:
        try:
            printed = os.dup(2)
        except OSError:  # there is no standard error
            return _decode_stored(data, channels), ""
        try:
            os.dup2(heard.fileno(), 2)
            image = _decode_stored(data, channels)
        finally:
            os.dup2(printed, 2)
            os.close(printed)
        heard.seek(0)
        damage = [line for line in heard if line.startswith(_DAMAGE)]
    return image, damage[0].decode().strip() if damage else ""


def _decode_stored(data: np.ndarray, channels: int) -> np.ndarray | None:
    """Decode an image with the bits that are stored; blue, green, red for 1 and 3 channels."""
    start = data[:64].tobytes()
    if channels in (1, 3):
        deep = start.startswith(_DEEP_STARTS)
        if start.startswith(_PNG_START):
            deep = len(start) > _PNG_COLOR and start[_PNG_DEPTH] == 16
        if start.startswith(_DEEP_STARTS[:2]):
            _check_alpha(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))
        flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if deep else cv2.IMREAD_COLOR
        return cv2.imdecode(data, flags)
    if start.startswith(_DEEP_STARTS[:2]):
        _, pages = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED)
        if len(pages) > 1:
            if len({(page.shape, page.dtype) for page in pages}) > 1 or pages[0].ndim != 2:
                raise ValueError("its pages are no channels of one picture")
            return np.dstack(pages)
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if start.startswith(_DEEP_STARTS[:2]):
        _check_alpha(image)
    if image is None or image.ndim == 2 or image.shape[2] < 3:
        return image
    gray_alpha = start.startswith(_PNG_START) and start[_PNG_COLOR] == _PNG_GRAY_ALPHA
    if gray_alpha and channels == 2:
        return image[..., 2:]
    return np.ascontiguousarray(image[..., [2, 1, 0, 3][: image.shape[2]]])


def _check_alpha(image: np.ndarray | None) -> None:
    """Refuse a TIFF of 8 bits whose color OpenCV has multiplied by a fourth channel."""
    if image is None or image.dtype != np.uint8 or image.shape[2:] != (4,):
        return
    if image[..., 3].min() < 255:
        raise ValueError(
            "it is a TIFF with alpha, which OpenCV would darken the color by. Save it as PNG, or "
            "its channels as .npy"
        )


def _read_npy(data: np.ndarray, channels: int) -> np.ndarray:
    """Read an array of numbers; nothing in the file is run."""
    file = io.BytesIO(data.tobytes())
    versions = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        shape, in_columns, kind = versions[np.lib.format.read_magic(file)](file)
        fits = kind.kind in "uif" and len(shape) in (2, 3) and min(shape) > 0
        # The header must not claim more than there is.
        if not fits or math.prod(shape) * kind.itemsize > data.size - file.tell():
            raise ValueError(f"an array of {kind} and shape {shape}")
        flat: np.ndarray = np.frombuffer(data, kind, math.prod(shape), file.tell())
    except Exception as error:
        raise ValueError(f"it is no array of a picture, or damaged: {error}") from error
    array: Any = flat.reshape(shape, order="F" if in_columns else "C")
    if array.ndim == 3 and array.shape[2] == 3 and channels in (1, 3):
        array = array[..., ::-1]
    return np.ascontiguousarray(array, kind.newbyteorder("="))


def check_boxes(boxes: Any, image: np.ndarray, name: str) -> np.ndarray:
    """Return boxes as (number, 4) float64; `name` names the image in messages."""
    try:
        array = np.array(boxes, dtype=np.float64)
        if len(array) and (array.ndim > 2 or array.shape[-1] != 4):
            raise ValueError(f"shape {array.shape}")
        array = array.reshape(-1, 4)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: boxes must be [[left, top, right, bottom], ...] in px, got {str(boxes)[:80]}"
        ) from error
    height, width = image.shape[:2]
    for box in array:
        left, top, right, bottom = box
        if not (np.abs(box).max() <= _MOST_PX and left < right and top < bottom):
            raise ValueError(
                f"{name}: a box must be left, top, right, bottom in px and have an area, got "
                f"{box.tolist()}"
            )
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            raise ValueError(
                f"{name}: box {box.tolist()} is outside of the image, {width} x {height} px. Boxes "
                "are left, top, right, bottom"
            )
    return array


def split_boxes(boxes: Any, image: np.ndarray, name: str) -> tuple[list[Any], list[str]]:
    """Return the boxes that can be cropped, and the problems of the others."""
    several = isinstance(boxes, list) and all(isinstance(box, list) for box in boxes)
    kept, problems = [], []
    for box in boxes if several else [boxes]:
        try:
            check_boxes([box], image, name)
            kept.append(box)
        except ValueError as error:
            problems.append(str(error))
    return kept, problems


def crop_person(
    image: np.ndarray, box: np.ndarray, description: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Crop the part of an image that the network sees, black outside of the image.

    Returns:
        The crop (height, width, C), and its center and size in the image, (2,) each, by which input
        pixels map back: `pixel / input size * size + center - size / 2`.
    """
    channels = image.shape[2:]
    width, height = description["input"]["size"]
    alignment = description["crop"]["alignment"]
    center = (box[2:] + box[:2]) * 0.5
    across, down = (box[2:] - box[:2]) * description["crop"]["padding"]
    # One side is made longer, to the shape of the network's input.
    aspect = width / height
    wide = across > down * aspect
    size = np.array([across, across / aspect] if wide else [down * aspect, down])
    if alignment == "outer borders":
        # The middle of an even number of pixels lies between two of them.
        center = center + size[0] / width / 2
    if alignment == "corner pixels":
        scale = (np.array([width, height]) - 1) / size
        matrix = _float32(np.column_stack([np.diag(scale), scale * (0.5 * size - center)]))
    else:
        source = _float32([center, center - [size[0] / 2, 0]])
        half = (source[0] - source[1])[0]
        source = _float32([*source, source[1] + _float32([0, half])])
        target = _float32([[width / 2, height / 2], [0, height / 2], [0, height / 2 + width / 2]])
        matrix = cv2.getAffineTransform(source, target)
    crop = _warp(image, matrix, (width, height))
    return crop.reshape(height, width, *channels), center, size


def _warp(image: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Warp an image; of one that is too large for OpenCV only the part that the result shows.

    If that is too large as well, the two halves of the result are made one after the other.
    """
    if max(image.shape[:2]) <= _LONGEST_SIDE:
        return cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR)
    matrix = np.asarray(matrix, dtype=np.float64)
    inverse = cv2.invertAffineTransform(matrix)
    ends = np.array([[0, 0], [size[0] - 1, size[1] - 1]]) @ inverse[:, :2].T + inverse[:, 2]
    most = image.shape[1::-1]
    low = np.clip(np.floor(ends[0]) - 2, 0, most).astype(int)
    high = np.clip(np.ceil(ends[1]) + 3, 0, most).astype(int)
    if (low >= high).any():
        return np.zeros((size[1], size[0], *image.shape[2:]), image.dtype)
    if (high - low).max() <= _LONGEST_SIDE:
        part = np.ascontiguousarray(image[low[1] : high[1], low[0] : high[0]])
        return _warp(part, _moved(matrix, matrix[:, :2] @ low), size)
    axis = int(size[1] > size[0])  # x or y
    first, rest, start = list(size), list(size), np.zeros(2)
    first[axis] = size[axis] // 2
    rest[axis] -= first[axis]
    start[axis] = first[axis]
    halves = (
        _warp(image, matrix, (first[0], first[1])),
        _warp(image, _moved(matrix, -start), (rest[0], rest[1])),
    )
    return np.concatenate(halves, axis=1 - axis)


def _moved(matrix: np.ndarray, step: np.ndarray) -> np.ndarray:
    """Return an affine matrix (2, 3) whose result is moved by a step (2,)."""
    return np.column_stack([matrix[:, :2], matrix[:, 2] + step])


def normalize(crop: np.ndarray, settings: dict[str, Any]) -> np.ndarray:
    """Convert a crop (height, width, C) to the network's input, (C, height, width) float32."""
    channels = crop[..., ::-1] if settings["channels"] == "RGB" else crop
    values = channels.transpose(2, 0, 1).astype(np.float32)
    mean, std = (_float32(settings[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
    return (values - mean) / std


def decode(heatmaps: np.ndarray, codec: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Read keypoints (N, K, 2), px of the network's input, and scores (N, K) off (N, K, H, W)."""
    number, joints, height, width = heatmaps.shape
    flat = heatmaps.reshape(number, joints, -1)
    best = flat.argmax(2)
    scores = flat.max(2)
    positions = np.stack([best % width, best // width], axis=2)
    rule, input_size = codec["rule"], np.array(codec["input_size"])
    if rule in ("authors", "mmpose"):
        pixels = positions + _quarter_offsets(flat, best, positions, (width, height), rule)
    else:
        pixels = positions.astype(np.float64)
        for person, joint in np.argwhere(scores > 0):
            x, y = positions[person, joint]
            step = udp_step if rule == "udp" else dark_step
            pixels[person, joint] += step(heatmaps[person, joint], x, y, codec["blur_kernel_size"])
    if rule == "authors":
        return (pixels + 0.5) * (input_size / [width, height]) - 0.5, scores
    pixels[scores <= 0] = -1
    cells = np.array([width - 1, height - 1] if rule == "udp" else [width, height])
    return pixels * (input_size / cells), scores


def _quarter_offsets(
    flat: np.ndarray, best: np.ndarray, positions: np.ndarray, size: tuple[int, int], rule: str
) -> np.ndarray:
    """Return steps of a quarter pixel towards the higher neighbor along each axis, (N, K, 2)."""
    inside = (positions > 0) & (positions < np.array(size) - 1)
    if rule == "authors":
        allowed = inside.all(2, keepdims=True).repeat(2, axis=2)
    else:  # MMPose also skips the second pixel, and maxima on the other axis's first
        allowed = inside & (positions > 1) & (positions[..., ::-1] > 0)
    steps = np.where(allowed, [1, size[0]], 0)
    after, before = (
        np.take_along_axis(flat, best[..., None] + sign * steps, axis=2) for sign in (1, -1)
    )
    return _QUARTER * np.sign(after - before)


def _blurred(heatmap: np.ndarray, kernel_size: int) -> np.ndarray:
    """Smooth a heatmap (H, W) by a Gaussian, and keep its maximum."""
    blurred = cv2.GaussianBlur(
        heatmap, (kernel_size, kernel_size), 0, borderType=cv2.BORDER_CONSTANT
    )
    return blurred * (heatmap.max() / blurred.max())


def dark_step(heatmap: np.ndarray, x: int, y: int, kernel_size: int) -> np.ndarray:
    """Return DARK's step from a heatmap's highest pixel to the Gaussian's top, (2,), x and y."""
    height, width = heatmap.shape
    if not (1 < x < width - 2 and 1 < y < height - 2):
        return np.zeros(2)
    around = _blurred(heatmap, kernel_size)[y - 2 : y + 3, x - 2 : x + 3]
    v = np.log(np.maximum(around, np.float32(1e-10)))
    gradient = 0.5 * np.array([v[2, 3] - v[2, 1], v[3, 2] - v[1, 2]])
    xx = 0.25 * (v[2, 4] - 2 * v[2, 2] + v[2, 0])
    yy = 0.25 * (v[4, 2] - 2 * v[2, 2] + v[0, 2])
    xy = 0.25 * (v[3, 3] - v[1, 3] - v[3, 1] + v[1, 1])
    if xx * yy - xy**2 == 0:
        return np.zeros(2)
    return -np.linalg.inv(np.array([[xx, xy], [xy, yy]])) @ gradient


def udp_step(heatmap: np.ndarray, x: int, y: int, kernel_size: int) -> np.ndarray:
    """Return UDP's form of the same step, which is defined at the border too."""
    logs = np.log(np.clip(_blurred(heatmap, kernel_size), np.float32(1e-3), np.float32(50)))
    v = np.pad(logs, 1, mode="edge")[y : y + 3, x : x + 3]
    gradient = 0.5 * np.array([v[1, 2] - v[1, 0], v[2, 1] - v[0, 1]])
    xx = v[1, 2] - 2 * v[1, 1] + v[1, 0]
    yy = v[2, 1] - 2 * v[1, 1] + v[0, 1]
    xy = 0.5 * (v[2, 2] - v[1, 2] - v[2, 1] + v[1, 1] + v[1, 1] - v[1, 0] - v[0, 1] + v[0, 0])
    hessian = np.array([[xx, xy], [xy, yy]]) + np.finfo(np.float32).eps * np.eye(2)
    return -np.linalg.inv(hessian) @ gradient


def main(argv: list[str] | None = None) -> int:
    """Run the command line: status 1 if an image or a box failed, 2 if it could not begin."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE")
    parser.add_argument(
        "--boxes",
        type=Path,
        help='JSON: {"photo.jpg": [[left, top, right, bottom], ...], ...}, by path as given or by '
        "file name (default: each image shows one person)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="file to write (default: standard output)"
    )
    parser.add_argument("--no-flip", action="store_true", help="skip the flip test: twice as fast")
    parser.add_argument("--threads", type=int, help="of the runtime (default: its own choice)")
    args = parser.parse_args(argv)
    try:
        if args.output and not args.output.parent.is_dir():
            raise ValueError(f"cannot write {args.output}: there is no folder {args.output.parent}")
        boxes = None if args.boxes is None else read_boxes(args.boxes)
        predictor = Predictor(flip_test=False if args.no_flip else None, threads=args.threads)
    except (OSError, ValueError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return _BAD_INPUT
    people: list[dict[str, Any]] = []
    failed = False
    for image in args.images:
        try:
            found, problems = predict_image(predictor, image, boxes)
            people += found
        except ValueError as error:
            problems = [str(error)]
        except (cv2.error, MemoryError) as error:
            problems = [f"{image} cannot be processed: {' '.join(str(error).split())}"]
        for problem in problems:
            print(f"error: {problem}", file=sys.stderr)
        failed = failed or bool(problems)
    text = json.dumps(people)
    if args.output is None:
        print(text)
    else:
        args.output.write_text(text + "\n", encoding="utf-8")
    return _SOME_FAILED if failed else 0


def read_boxes(path: Path) -> dict[str, Any]:
    """Read boxes by the names of images."""
    try:
        boxes = _read_json(path)
    except OSError as error:
        raise ValueError(f"cannot read --boxes {path}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"--boxes {path} is not JSON: {error}") from error
    if not isinstance(boxes, dict):
        raise ValueError(f"--boxes {path} must hold an object of boxes by image names")
    return boxes


def predict_image(
    predictor: Predictor, name: str, boxes: dict[str, Any] | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the people of one image file, and the problems of boxes that are left out.

    Keypoints are in COCO's form: x, y and score of each in turn.
    """
    given: list[Any] = [None]
    problems: list[str] = []
    if boxes is None:
        keypoints, scores = predictor([name])
    else:
        entry = boxes[name] if name in boxes else boxes.get(Path(name).name)
        if entry is None:
            raise ValueError(f"{name}: --boxes has no entry for it. Give [] if it shows nobody")
        image = read_image(name, len(predictor.description["input"]["mean"]))
        given, problems = split_boxes(entry, image, name)
        keypoints, scores = predictor([image], [given])
    people = [
        dict(
            image=name,
            box=box,
            keypoints=np.column_stack([points, values]).ravel().tolist(),
            score=float(values.mean()),
        )
        for box, points, values in zip(given, keypoints, scores, strict=True)
    ]
    return people, problems


if __name__ == "__main__":
    sys.exit(main())
