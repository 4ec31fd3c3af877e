"""Overfit eight samples: a network that cannot do that will learn nothing from thousands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import DATASETS, MODELS

from mmhg.data_check.crops import seeded
from mmhg.engine.preflight.samples import pipelines
from mmhg.errors import InputError

SAMPLES = 8

NEAR = 0.03
"""Share of the input's longer side within which a keypoint is learned: 2 heatmap px of 64."""

ENOUGH = 0.95
"""Share of the keypoints that must be."""

LOOK_EVERY = 10
"""Steps between looks at the predictions."""

RATE, STEPS = 1e-3, 600


@dataclass(frozen=True, kw_only=True)
class Overfit:
    """Say what came of it.

    Args:
        learned: Whether the network has learned the samples; None if the time was too short.
        samples: Their number.
        steps: That were made.
        seconds: That they took.
        first_loss: Of the first step.
        last_loss: Of the last step.
        near: Keypoints that are predicted near their labels.
        keypoints: Labeled keypoints on the input.
        problem: Why it was not tried or has ended.
    """

    learned: bool | None
    samples: int = 0
    steps: int = 0
    seconds: float = 0.0
    first_loss: float = 0.0
    last_loss: float = 0.0
    near: int = 0
    keypoints: int = 0
    problem: str = ""

    @property
    def text(self) -> str:
        """Say it in a sentence."""
        if not self.steps:
            return f"Overfitting {SAMPLES} samples was not tried: {self.problem}"
        said = {
            True: "the network learns",
            False: "the network does NOT learn",
            None: "undecided, the time was too short (--overfit-seconds gives more)",
        }[self.learned]
        text = (
            f"Overfitting {self.samples} samples: {said}. In {self.steps} steps and "
            f"{self.seconds:.0f} s the loss went from {self.first_loss:.3g} to "
            f"{self.last_loss:.3g}, and {self.near} of {self.keypoints} keypoints lie within "
            f"{NEAR:.0%} of the input"
        )
        return f"{text}. {self.problem}" if self.problem else text

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        return asdict(self)


def overfit(config: Config, settings: dict[str, Any], *, seconds: float) -> Overfit:
    """Train the config's network with its loss on eight fixed samples until it knows them.

    The samples are spread over the data, without augmentation. The optimizer is Adam at a constant
    rate, whatever the config's schedule is.

    Args:
        config: With the model.
        settings: Of the training dataset, without augmentation.
        seconds: The longest that it may take.
    """
    start = time.monotonic()
    try:
        batch = _batch(settings)
        if batch is None:
            return Overfit(learned=None, problem="no sample can be loaded")
        with _seeded_torch():
            model = MODELS.build(config.model)
            model.init_weights()
            return _train(model, batch, start, seconds)
    except InputError as error:
        return Overfit(learned=False, problem=str(error))
    except (RuntimeError, ValueError, KeyError, AttributeError, TypeError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Overfit(learned=False, problem=f"the network cannot be trained on them: {reason}")


def _batch(settings: dict[str, Any]) -> Any:
    """Return samples with at least half of their keypoints, if there are so many."""
    dataset: Any = DATASETS.build(settings)
    for pipeline in pipelines(dataset):
        for step in pipeline.transforms:
            if isinstance(step, PackPoseInputs):
                step.pack_transformed = True
    found: list[tuple[int, Any]] = []
    with seeded():
        for index in np.linspace(0, len(dataset) - 1, min(4 * SAMPLES, len(dataset))).astype(int):
            try:
                sample = dataset[int(index)]
            except InputError:
                continue
            if sample is not None:
                found.append((_labeled(sample["data_samples"]), sample))
    found.sort(key=lambda one: -one[0])
    best = [sample for number, sample in found[:SAMPLES] if number]
    return pseudo_collate(best) if best else None


def _labeled(sample: Any) -> int:
    weights = sample.gt_instance_labels.get("keypoint_weights")
    return 0 if weights is None else int((np.asarray(weights) > 0).sum())


def _train(model: Any, batch: Any, start: float, seconds: float) -> Overfit:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    count = len(batch["data_samples"])
    first = last = 0.0
    near = total = steps = 0
    learned: bool | None = False
    problem = ""
    began = time.monotonic()
    for step in range(1, STEPS + 1):
        data = model.data_preprocessor(batch, True)
        losses = model(**data, mode="loss")
        loss, _ = model.parse_losses(losses)
        last, steps = float(loss.detach()), step
        first = first or last
        if not np.isfinite(last):
            learned, problem = False, "The loss is not finite"
            break
        if not loss.requires_grad:
            return Overfit(learned=False, problem="the loss depends on no trained parameter")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % LOOK_EVERY == 0:
            near, total = _look(model, batch)
            if total and near >= ENOUGH * total:
                learned = True
                break
        each = (time.monotonic() - began) / step
        if time.monotonic() - start + 1.5 * each > seconds:
            near, total = _look(model, batch)
            learned = True if total and near >= ENOUGH * total else None
            if learned is None:
                problem = f"A step takes {each:.2g} s here, {STEPS} would take {STEPS * each:.0f} s"
            break
    if not total and not problem:
        near, total = _look(model, batch)
    return Overfit(
        learned=learned,
        samples=count,
        steps=steps,
        seconds=time.monotonic() - start,
        first_loss=first,
        last_loss=last,
        near=near,
        keypoints=total,
        problem=problem,
    )


@torch.no_grad()
def _look(model: Any, batch: Any) -> tuple[int, int]:
    """Return how many labeled keypoints are predicted near their labels, and their number.

    Batch norm uses the batch's own statistics, as in training: running ones lag behind.
    """
    flip, model.test_cfg["flip_test"] = model.test_cfg.get("flip_test"), False
    try:
        data = model.data_preprocessor(batch, False)
        predicted = model.head.predict(
            model.extract_feat(data["inputs"]), data["data_samples"], test_cfg=model.test_cfg
        )
    finally:
        model.test_cfg["flip_test"] = flip
    predicted = predicted[0] if isinstance(predicted, tuple) else predicted
    near = total = 0
    for found, sample in zip(predicted, batch["data_samples"], strict=True):
        weights = np.asarray(sample.gt_instance_labels.keypoint_weights)[0] > 0
        truth = np.asarray(sample.gt_instances.transformed_keypoints)[0, :, :2]
        distances = np.linalg.norm(np.asarray(found.keypoints)[0] - truth, axis=1)
        limit = NEAR * max(sample.metainfo["input_size"])
        near += int((distances[weights] <= limit).sum())
        total += int(weights.sum())
    return near, total


@contextmanager
def _seeded_torch() -> Iterator[None]:
    """Draw the same weights each time, and leave torch's random numbers as they were."""
    state = torch.random.get_rng_state()
    torch.manual_seed(0)
    try:
        yield
    finally:
        torch.random.set_rng_state(state)
