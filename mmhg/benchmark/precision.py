"""Measure how far bfloat16 moves the keypoints of a trained network."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch
from mmengine.runner import Runner
from mmpose.apis import init_model
from mmpose.models.pose_estimators.base import BasePoseEstimator

from mmhg.benchmark.measure import Comparison, Measurement
from mmhg.codecs import HourglassHeatmap
from mmhg.config.catalog import get_config
from mmhg.nn import fast_inference

CONFIDENT = 0.5
"""Joints with a higher heatmap value count as confident; targets are 1 at the joint."""

NEAR = 0.25
"""Shift that counts as none, in px of the network's input."""


def run(config: str | Path, checkpoint: str | Path, people: int = 500) -> list[Comparison]:
    """Compare keypoints on a config's validation people, with the config's flip test.

    Heatmaps are decoded by the config's codec and by the quarter offset. The sign of the quarter
    offset is the sign of a difference of two heatmap pixels. If that difference is almost zero,
    rounding moves the keypoint by half a heatmap pixel.

    Args:
        config: Name or path.
        checkpoint: Trained weights.
        people: Number of people, the first of the dataset.
    """
    cfg = get_config(config)
    model = init_model(cfg, str(checkpoint), device="cpu")
    cfg.val_dataloader.dataset.indices = people
    cfg.val_dataloader.update(num_workers=0, persistent_workers=False)
    batches = list(Runner.build_dataloader(cfg.val_dataloader))
    codec = model.head.decoder
    quarter = HourglassHeatmap(codec.input_size, codec.heatmap_size)
    rows = [Measurement("float32", 100.0, 1.0)]
    for name, decoder in {type(codec).__name__: codec, "quarter offset": quarter}.items():
        model.head.decoder = decoder
        exact, scores = _predict(model, batches, torch.float32)
        low, _ = _predict(model, batches, torch.bfloat16)
        shifts = np.linalg.norm(exact - low, axis=-1)[scores > CONFIDENT]
        near = float(np.mean(shifts <= NEAR))
        note = (
            f"median {np.median(shifts):.3f} px, 99th percentile {np.quantile(shifts, 0.99):.3f} "
            f"px, largest {shifts.max():.2f} px of the input"
        )
        rows.append(Measurement(f"bfloat16, {name}", near * 100, near, goal=0.99, note=note))
    title = f"{Path(str(config)).stem}: {len(shifts)} confident joints of {len(exact)} people"
    return [Comparison(title, f"% within {NEAR} px of float32", rows)]


def _predict(
    model: BasePoseEstimator, batches: list[dict], dtype: torch.dtype
) -> tuple[np.ndarray, np.ndarray]:
    """Predict keypoints (P, K, 2) in px of the network's input, and scores (P, K)."""
    keypoints, scores = [], []
    with torch.no_grad(), fast_inference(model, dtype=dtype):
        for batch in batches:
            for sample in model.test_step(copy.deepcopy(batch)):
                size = np.array(sample.input_size) / np.ravel(sample.input_scale)
                found = sample.pred_instances
                keypoints.append(np.asarray(found.keypoints)[0, :, :2] * size)
                scores.append(np.asarray(found.keypoint_scores)[0])
    return np.stack(keypoints), np.stack(scores)
