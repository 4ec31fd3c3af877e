"""Check that the images of a training have the channels that its network takes."""

from __future__ import annotations

from typing import Any

from mmpose.structures import PoseDataSample

from mmhg.datasets.transforms import LoadWholeImage
from mmhg.engine.preflight.samples import pipelines
from mmhg.models.channels import check_channels


def check_images(dataset: Any, model: Any) -> None:
    """Compare each `LoadWholeImage` of a dataset's pipelines with the model.

    Raises:
        InputError: It loads other channels than the model takes; names the settings.
    """
    for pipeline in pipelines(dataset):
        for step in pipeline.transforms:
            if isinstance(step, LoadWholeImage):
                check_channels(model, step.channels, "the training pipeline")


def samples_of(batch: Any) -> list[PoseDataSample]:
    """Return the samples of a batch, none if it has several crops of each person."""
    samples = batch.get("data_samples", []) if isinstance(batch, dict) else []
    return [sample for sample in samples if isinstance(sample, PoseDataSample)]
