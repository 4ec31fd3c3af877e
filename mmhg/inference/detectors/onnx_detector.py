"""Find people by an exported detector, an ONNX file, which onnxruntime runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.inference.detectors.layouts import UNDERSTOOD, Layout, find_layout, of_boxes
from mmhg.inference.detectors.letterbox import INPUT_FORMATS, PADDING, letterbox
from mmhg.inference.detectors.onnx_header import MISSING, read_header, shown

_FORMAT_OF_WEIGHTS = {
    "bbox_head.rtm_cls": "bgr-imagenet",
    "bbox_head.multi_level_conv_cls": "bgr255",
    "detect.cls_preds": "rgb1",
}
"""Input formats by weights that only RTMDet, MMDetection's YOLOX and YOLOv6 have."""

_PROVIDERS = ["CUDAExecutionProvider", "CPUExecutionProvider"]

_TOLERANCE = 1e-3
"""By which a score in half precision may leave 0 to 1."""

_FATAL = 4
"""onnxruntime's level of messages. What is less than fatal comes as an exception as well."""


class OnnxDetector:
    """Run an exported detector.

    It runs once on a gray image, to see what its outputs are (docs/inference.md has the rules).

    Args:
        path: The ONNX file.
        input_format: One of `INPUT_FORMATS`; None chooses by the kind of detector.
        device: "cpu" leaves a GPU alone, which otherwise is used if onnxruntime can.

    Attributes:
        description: What is known of the detector, for files of results.

    Raises:
        InputError: The file is damaged, hostile or no detector's, its outputs or its input format
            are not understood, or onnxruntime is missing.
    """

    def __init__(
        self, path: Path, *, input_format: str | None = None, device: str | None = None
    ) -> None:
        if input_format is not None and input_format not in INPUT_FORMATS:
            raise InputError(
                f"a detector's input must be one of {', '.join(INPUT_FORMATS)}, got "
                f"{input_format!r}"
            )
        self._header = read_header(path)
        self._session = _open(path, device)
        gray = np.full((*self._header.size, 3), PADDING, np.uint8)
        outputs = self._run(INPUT_FORMATS["rgb1"](gray))
        self._layout = self._find_layout(outputs)
        self._person = self._header.person(self._layout.person)
        self._check_scores(outputs)
        name = input_format or self._usual_format()
        self._convert = INPUT_FORMATS[name]
        self.description = dict(name=path.name, outputs=self._layout.name, input=name)

    def __call__(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return boxes (N, 4) and scores (N,) of people in an image."""
        size = self._header.size
        if self._header.any_size and self._layout.name == "torchvision":  # which scales by itself
            size = image.shape[:2]
        boxed = letterbox(image, size, centered=self._layout.centered)
        outputs = self._run(self._convert(boxed.image))
        boxes, scores = self._layout.read(of_boxes(outputs), self._person)
        return boxed.to_image(boxes), scores

    def _run(self, image: np.ndarray) -> list[np.ndarray]:
        """Run the network on an input (3, height, width)."""
        batch = image if self._header.rank == 3 else image[None]
        try:
            outputs: list[np.ndarray] = self._session.run(
                None, {self._header.input_name: batch.astype(self._header.dtype)}
            )
        except Exception as error:  # onnxruntime's have no base of their own
            raise InputError(f"{self._header.path} cannot be run: {_reason(error)}") from error
        return outputs

    def _find_layout(self, outputs: list[np.ndarray]) -> Layout:
        layout = find_layout(of_boxes(outputs), self._header.size)
        if layout is None:
            height, width = self._header.size
            shapes = ", ".join(shown(np.shape(output)) for output in outputs)
            raise InputError(
                f"{self._header.path} gives outputs of shapes {shapes} for an image of {width} x "
                f"{height} px. These are understood: {UNDERSTOOD}"
            )
        return layout

    def _check_scores(self, outputs: list[np.ndarray]) -> None:
        """Refuse scores without a sigmoid, and a class of people that the outputs lack."""
        try:
            _, scores = self._layout.read(of_boxes(outputs), self._person)
        except InputError as error:
            raise InputError(f"{self._header.path}: {error}") from error
        if scores.size and not (scores.min() > -_TOLERANCE and scores.max() < 1 + _TOLERANCE):
            raise InputError(
                f"{self._header.path} gives scores from {scores.min():.3g} to {scores.max():.3g}. "
                "They must be between 0 and 1: export the detector with its sigmoid"
            )

    def _usual_format(self) -> str:
        """Return the name of the input format that such a detector is trained with."""
        names = "\n".join(self._header.weights)
        known = [each for weight, each in _FORMAT_OF_WEIGHTS.items() if weight in names]
        name = known[0] if known else self._layout.input_format
        if name is None:
            raise InputError(
                f"{self._header.path} does not tell which colors it was trained with. Give "
                "--detector-input bgr-imagenet for RTMDet, bgr255 for YOLOX, rgb-imagenet for most "
                "other detectors of MMDetection"
            )
        return "bgr255" if name == "bgr-imagenet" and self._header.normalizes else name


def _open(path: Path, device: str | None) -> Any:
    """Open a session of onnxruntime."""
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(MISSING.format(path)) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL
    wanted = ["CPUExecutionProvider"] if device == "cpu" else _PROVIDERS
    providers = [each for each in wanted if each in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(path, options, providers=providers)
    except Exception as error:  # onnxruntime's have no base of their own
        raise InputError(f"{path} cannot be run: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0]
