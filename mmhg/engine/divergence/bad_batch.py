"""Save a batch whose loss or gradient is not finite, for a look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmpose.structures import PoseDataSample
from torch import Tensor

from mmhg.utils.files import replacing, write_json


def save_batch(folder: Path, batch: Any, about: dict[str, Any]) -> None:
    """Write a batch of a training loader to a folder.

    `batch.json` has `about` and, of each sample, what its pipeline noted (`img_path`, `id`,
    `input_center` ...) and the names of the arrays that are not finite. `arrays.npz` has the
    arrays, `0/inputs` of the first sample for example, and `images.png` the inputs side by side.

    Args:
        folder: Is made.
        batch: `inputs` of N tensors (3, H, W) and N `data_samples`; of others only `about` is kept.
        about: Goes into the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = isinstance(batch, dict) and {"inputs", "data_samples"} <= batch.keys()
    pairs = list(zip(batch["inputs"], batch["data_samples"], strict=True)) if known else []
    arrays: dict[str, np.ndarray] = {}
    samples = []
    for number, (image, sample) in enumerate(pairs):
        own = dict(_arrays(image, sample))
        arrays |= {f"{number}/{name}": array for name, array in own.items()}
        noted = {name: _plain(value) for name, value in sample.metainfo.items()}
        bad = [name for name, array in own.items() if not np.isfinite(array).all()]
        samples.append({"not_finite": bad, **noted})
    write_json(folder / "batch.json", {**about, "samples": samples})
    if arrays:
        with replacing(folder / "arrays.npz") as partial:
            np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]
    images = [image for image, _ in pairs]
    if images and len({(image.shape, image.dtype) for image in images}) == 1:
        row = np.hstack([image.cpu().numpy().transpose(1, 2, 0) for image in images])
        with replacing(folder / "images.png") as partial:
            cv2.imwrite(str(partial), row.astype(np.uint8))


def _arrays(image: Any, sample: PoseDataSample) -> Iterator[tuple[str, np.ndarray]]:
    yield "inputs", image.cpu().numpy()
    for part in ("gt_fields", "gt_instance_labels"):
        for name, value in sample.get(part, {}).items():
            if isinstance(value, Tensor):
                yield name, value.cpu().numpy()


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict | list | tuple):
        return str(value)
    return value if isinstance(value, str | int | float | bool | np.generic) else str(value)
