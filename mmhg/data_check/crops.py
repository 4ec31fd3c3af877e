"""Say what the network is shown of each person: keypoints, sizes and targets after the crop."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmpose.registry import DATASETS

from mmhg.engine.preflight.samples import pipelines, with_annotated_boxes, without_decoding
from mmhg.errors import InputError
from mmhg.utils.progress import with_progress


@dataclass(frozen=True, eq=False, kw_only=True)
class Crop:
    """One sample, without its pixels.

    Args:
        picture: Path.
        id: Of the annotation.
        points: (K, 2) px on the network's input, NaN where not labeled.
        size: Width and height of the input, px.
        zoom: Input px per image px.
        empty: Whether its target has no keypoint; where the pipeline makes no target, whether no
            labeled keypoint lies on the input.
    """

    picture: str
    id: Any
    points: np.ndarray
    size: tuple[int, int]
    zoom: float
    empty: bool

    @property
    def reach(self) -> float:
        """Return the longer side of the labeled keypoints' extent in shares of the input's."""
        known = self.points[np.isfinite(self.points).all(axis=1)]
        return float(np.ptp(known, axis=0).max()) / max(self.size) if len(known) else 0.0


def crops(
    settings: dict[str, Any], label: str, most: int | None = None, *, rounds: int = 1
) -> list[Crop]:
    """Make the samples of a dataset, whose pictures are not decoded.

    People whose picture cannot be read are passed over.

    Args:
        settings: Of the dataset.
        label: For the progress.
        most: Number of samples, drawn at random; None for all.
        rounds: How often each is made, with other augmentation.
    """
    dataset: Any = with_annotated_boxes(DATASETS.build(settings))
    indices: Sequence[int] = range(len(dataset))
    if most is not None and most < len(dataset):
        indices = sorted(np.random.default_rng(0).permutation(len(dataset))[:most].tolist())
    indices = [*indices] * rounds
    found = []
    with seeded(), without_decoding(dataset):
        for index in with_progress(indices, len(indices), label, delay=2.0):
            try:
                sample = dataset[index]
            except InputError:
                continue
            if isinstance(sample, dict) and "data_samples" in sample:
                found.append(_crop(sample["data_samples"]))
    return found


def encoder_of(dataset: Any) -> Any:
    """Return the codec of a dataset's targets, None if it makes none."""
    for pipeline in pipelines(dataset):
        for step in pipeline.transforms:
            if hasattr(step, "encoder"):
                return step.encoder[-1] if isinstance(step.encoder, list) else step.encoder
    return None


@contextmanager
def seeded() -> Iterator[None]:
    """Draw the same augmentation each time, and leave the random numbers as they were."""
    before = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(0)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])


def _crop(sample: Any) -> Crop:
    instances = sample.gt_instances
    points = np.asarray(instances.transformed_keypoints, dtype=np.float64)[0, :, :2]
    flags = np.asarray(instances.keypoints_visible)[0]
    labeled = (flags[..., 0] if flags.ndim > 1 else flags) > 0
    width, height = (int(side) for side in sample.metainfo["input_size"])
    inside = labeled & (points > -0.5).all(axis=1) & (points < [width - 0.5, height - 0.5]).all(1)
    empty = not inside.any()
    labels = sample.get("gt_instance_labels")
    weights = None if labels is None else labels.get("keypoint_weights")
    if weights is not None:
        empty = not bool(np.asarray(weights).any())
    fields = sample.get("gt_fields")
    heatmaps = None if fields is None else fields.get("heatmaps")
    if heatmaps is not None and not empty:
        empty = not bool(np.asarray(heatmaps).any())
    scale = np.asarray(sample.metainfo["input_scale"]).reshape(-1)
    return Crop(
        picture=str(sample.metainfo.get("img_path", "")),
        id=sample.metainfo.get("id"),
        points=np.where(labeled[:, None], points, np.nan),
        size=(width, height),
        zoom=width / max(float(scale[0]), 1e-9),
        empty=empty,
    )
