"""Coordinates while a pipeline works on a part of an image, or on a smaller copy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmhg.errors import InputError

_POINTS = ("keypoints", "bbox", "bbox_center", "input_center")
_SIZES = ("bbox_scale", "input_scale")

_SAME = 1e-3
"""Relative, px or degrees: what rounding may change of a box."""


class ImageFrame:
    """Where the pixels of a loaded image lie in its file, for one sample.

    Pixel x of the loaded image is centred on `offset + step * x` in the file's image, both 0-based.

    Args:
        full_shape: Height and width of the file's image in px.
        step: File px per px of the loaded image.
        offset: (x, y), file px.
    """

    def __init__(
        self, full_shape: tuple[int, int], step: float = 1.0, offset: Sequence[float] = (0.0, 0.0)
    ) -> None:
        self.full_shape = full_shape
        self.step = step
        self.offset = np.array(offset, dtype=float)
        self._dtypes: dict[str, np.dtype] = {}
        self._input_size: tuple[int, int] = (0, 0)
        self._box: tuple[float, ...] = ()

    def enter(self, results: dict, image: np.ndarray, input_size: tuple[int, int]) -> None:
        """Set the image and move all coordinates from the file's frame to the image's."""
        results.update(img=image, img_shape=image.shape[:2], ori_shape=self.full_shape)
        for key in ("keypoints", "bbox", "bbox_center", "bbox_scale"):
            if results.get(key) is not None:
                self._dtypes[key] = results[key].dtype
        self._move(results, -self.offset / self.step, 1 / self.step)
        self._input_size = input_size
        self._box = self._current_box(results)
        results["img_frame"] = self

    def check(self, results: dict, input_size: Sequence[int]) -> None:
        """Refuse a crop of another box, or into another size, than the image was loaded for.

        Raises:
            InputError: Says which step of the pipeline to change.
        """
        if tuple(input_size) != self._input_size:
            raise InputError(
                f"LoadPersonRegion's input_size is {self._input_size}, the crop's {input_size}; "
                "give both steps of the pipeline the same"
            )
        box = self._current_box(results)
        if any(
            abs(now - then) > _SAME * max(1, abs(then))
            for now, then in zip(box, self._box, strict=True)
        ):
            raise InputError(
                "the person's box changed after LoadPersonRegion, from (x, y, width, height, "
                f"degrees; px of the loaded image) {np.round(self._box, 2).tolist()} to "
                f"{np.round(box, 2).tolist()}; put LoadPersonRegion after all steps that change "
                "the box, and before the flip"
            )

    def leave(self, results: dict) -> None:
        """Move all coordinates back to the file's frame, mirrored if the image has been."""
        mirrored = self._mirrored(results)
        last = np.array(results["img_shape"][::-1]) - 1
        full_last = np.array(self.full_shape[::-1]) - 1
        offset = np.where(mirrored, full_last - self.offset - self.step * last, self.offset)
        self._move(results, offset, self.step)
        for key, dtype in self._dtypes.items():
            results[key] = results[key].astype(dtype)
        results["img_shape"] = self.full_shape

    @staticmethod
    def _mirrored(results: dict) -> tuple[bool, bool]:
        """Whether x and y run backwards."""
        direction = results.get("flip_direction")
        return direction in ("horizontal", "diagonal"), direction in ("vertical", "diagonal")

    def _current_box(self, results: dict) -> tuple[float, ...]:
        """Centre, size and angle as they were before a flip."""
        center, size = results["bbox_center"][0].tolist(), results["bbox_scale"][0].tolist()
        mirrored, lengths = self._mirrored(results), results["img_shape"][::-1]
        x, y = (
            length - 1 - value if backwards else value
            for value, backwards, length in zip(center, mirrored, lengths, strict=True)
        )
        angle = results["bbox_rotation"][0] if "bbox_rotation" in results else 0.0
        return x, y, size[0], size[1], float(angle)

    @staticmethod
    def _move(results: dict, offset: np.ndarray, step: float) -> None:
        """Points become `offset + step * point`; their types stay if nothing moves."""
        if step == 1 and not offset.any():
            return
        for key in _POINTS:
            if results.get(key) is not None:
                points = np.array(results[key], dtype=float)
                pairs = points.reshape(*points.shape[:-1], -1, 2) if key == "bbox" else points
                pairs[..., :2] *= step
                pairs[..., :2] += offset
                results[key] = points
        for key in _SIZES:
            if key in results:
                results[key] = np.multiply(results[key], step, dtype=float)
