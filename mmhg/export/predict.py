"""Find keypoints of people in images with the exported network in this folder, without MMPose.

python predict.py photo.jpg another.jpg --boxes boxes.json -o keypoints.json

It needs numpy, OpenCV and the runtime of the folder's format. Everything else is in `model.json`.
In Python: `Predictor()(images, boxes)`; several threads may use one at once.

Shape shorthand in this module: N people, K keypoints, H x W px of the heatmaps. Coordinates are px,
0-based, with pixels at whole numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

DESCRIPTION = "model.json"
BATCH_SIZE = 8
"""Largest number of crops in a batch, where the network takes more than one."""

_QUARTER = 0.25
_PRECISION_HINTS = {"float32": "f32", "float16": "f16", "bfloat16": "bf16"}
_SOME_FAILED, _BAD_INPUT = 1, 2

Image = str | Path | np.ndarray
Network = Callable[[np.ndarray], dict[str, np.ndarray]]
"""From images (N, 3, height, width), float32, to arrays by the names of the model's outputs."""


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
            images: Files, or arrays (height, width, 3) uint8 with channels blue, green, red.
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
        """Return heatmaps (N, K, H, W) of inputs (N, 3, height, width), after the flip test."""
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
        """Yield for each person a network input (3, height, width), its center and its size."""
        for index, source in enumerate(images):
            image = read_image(source)
            shift = self.description["crop"]["whole_image_shift"]
            whole = np.array([[0, 0, image.shape[1], image.shape[0]]]) + shift
            name = f"image {index}" if isinstance(source, np.ndarray) else str(source)
            for box in whole if boxes is None else check_boxes(boxes[index], image, name):
                crop, center, size = crop_person(image, box, self.description)
                yield normalize(crop, self.description["input"]), center, size


def _float32(values: Any) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def read_description(folder: Path) -> dict[str, Any]:
    """Read `model.json`, the description of the network."""
    path = folder / DESCRIPTION
    try:
        description: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        file = folder / description["file"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} holds no exported network: {path}: {error}") from error
    if not file.is_file():
        raise ValueError(f"{folder} lacks {file.name}, which {path} names")
    return description


def load_network(folder: Path, description: dict[str, Any], threads: int | None = None) -> Network:
    """Load the model of a folder, to be run by its own runtime on the CPU."""
    loaders = {
        "onnx": _load_onnx,
        "openvino": _load_openvino,
        "torchscript": _load_torch,
        "torch_export": _load_torch,
    }
    run = loaders[description["format"]](folder / description["file"], description, threads)
    names = description["outputs"]
    step = BATCH_SIZE if description["input"]["dynamic_batch"] else 1

    def network(images: np.ndarray) -> dict[str, np.ndarray]:
        parts = [run(images[first : first + step]) for first in range(0, len(images), step)]
        outputs = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        return dict(zip(names, outputs, strict=True))

    return network


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
    if description["format"] == "torchscript":
        network = torch.jit.load(path, map_location="cpu")
    else:
        network = torch.export.load(path).module()

    def run(images: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            return [output.numpy() for output in network(torch.from_numpy(images))]

    return run


def read_image(source: Image) -> np.ndarray:
    """Read an image (height, width, 3) uint8, turned upright as its file says."""
    if isinstance(source, np.ndarray):
        if source.ndim != 3 or source.shape[2] != 3 or source.dtype != np.uint8:
            raise ValueError(
                f"an image must be (height, width, 3) uint8, got {source.shape} {source.dtype}"
            )
        return source
    try:
        data = np.fromfile(source, np.uint8)
    except OSError as error:
        raise ValueError(f"{source}: {error.strerror}") from error
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if image is None:
        raise ValueError(f"{source} is not an image that OpenCV reads")
    return image


def check_boxes(boxes: Any, image: np.ndarray, name: str) -> np.ndarray:
    """Return boxes as (number, 4) float64; `name` names the image in messages."""
    try:
        array = np.array(boxes, dtype=np.float64)
        if len(array) and (array.ndim > 2 or array.shape[-1] != 4):
            raise ValueError(f"shape {array.shape}")
        array = array.reshape(-1, 4)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name}: boxes must be [[left, top, right, bottom], ...] in px, got {boxes!r}"
        ) from error
    height, width = image.shape[:2]
    for box in array:
        left, top, right, bottom = box
        if not (np.isfinite(box).all() and left < right and top < bottom):
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
        The crop (height, width, 3), and its center and size in the image, (2,) each, by which input
        pixels map back: `pixel / input size * size + center - size / 2`.
    """
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
    crop = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR)
    return crop, center, size


def normalize(crop: np.ndarray, settings: dict[str, Any]) -> np.ndarray:
    """Convert a crop (height, width, 3) to the network's input, (3, height, width) float32."""
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
        boxes = json.loads(path.read_text(encoding="utf-8"))
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
        image = read_image(name)
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
