"""Score the validation annotations: as they are, and after the codec."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mmengine.evaluator import BaseMetric, Evaluator
from mmpose.structures import PoseDataSample

from mmhg.engine.preflight import codec, metrics
from mmhg.engine.preflight.coco import without_crowded
from mmhg.engine.preflight.samples import annotated_samples, with_annotated_boxes
from mmhg.errors import InputError

Say = Callable[[str], None]


@dataclass
class Annotations:
    """The validation people, and what metrics made of them.

    Args:
        samples: One per person, or per image.
        processed: A copy of each metric that scored them, by its index among the evaluator's.
        names: All scores' names; empty if some metric was not checked.
    """

    samples: list[PoseDataSample]
    processed: dict[int, BaseMetric] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def check_annotations(evaluator: Evaluator, dataset: Any, say: Say) -> Annotations | None:
    """Give all metrics of a validation the annotations as predictions.

    Args:
        evaluator: With its metrics, whose results stay as they are.
        dataset: The validation dataset.
        say: Logs a line.

    Returns:
        None if the evaluator is not MMEngine's own, or samples are not of keypoints (K, 2).

    Raises:
        InputError: A metric cannot score them, or does not give the full score.
    """
    if type(evaluator) is not Evaluator:
        say(f"{type(evaluator).__name__} and the codec are not checked")
        return None
    found = Annotations(annotated_samples(with_annotated_boxes(dataset)))
    if not all(map(metrics.in_two_dimensions, found.samples)):
        say("the validation has other annotations than keypoints in two dimensions: not checked")
        return None
    metrics.predict_annotations(found.samples)
    advice = f"Do evaluator and dataset belong together? The dataset is {_describe(dataset)}"
    full, known = [], True
    for index, metric in enumerate(evaluator.metrics):
        name = type(metric).__name__
        if metrics.writes_or_needs_more(metric):
            say(f"{name} is not checked, which does more than scoring keypoints")
            known = False
            continue
        best = metrics.full_score(metric)
        try:
            copied, scores = _score(metric, found.samples)
        except InputError as error:
            if best is not None:
                raise
            say(f"{name} is not checked: {error}")
            known = False
            continue
        found.names += scores
        if best is None:
            say(f"{name} of the annotations: {_list(scores)} (whether that is full is not known)")
            continue
        metrics.check_full(metric, scores, advice)
        found.processed[index] = copied
        full.append(f"{best:g} in {name}")
    if full:
        say(f"annotations of {len(found.samples)} samples, given as predictions: {_and(full)}")
    if not known:
        found.names.clear()
    return found


def check_codec(
    evaluator: Evaluator, found: Annotations, model: Any, train_dataset: Any, meta: Any, say: Say
) -> None:
    """Score the annotations after encoding and decoding, and say what that costs.

    Args:
        evaluator: As in `check_annotations`.
        found: Its result; the samples' predictions are replaced.
        model: Its head decodes.
        train_dataset: Its pipeline encodes.
        meta: The dataset's metainfo, which names the joints.
        say: Logs a line.

    Raises:
        InputError: A joint moves by more than a heatmap pixel.
    """
    reason = codec.why_not(model, train_dataset)
    if reason:
        say(f"the codec is not checked: {reason}")
        return
    encoder = codec.find_encoder(train_dataset, model.head.decoder)
    names = list(meta["keypoint_id2name"].values())
    trip = codec.round_trip(model, encoder, found.samples, names)
    costs = []
    for index in found.processed:
        metric = evaluator.metrics[index]
        _, scores = _score(metric, found.samples)
        lost = metrics.below_full(metric, scores)
        costs.append(f"{type(metric).__name__} {_list(lost)}" if lost else "no score changes")
    say(
        f"encoded and decoded by {type(model.head.decoder).__name__}, {trip.joints} joints move by "
        f"{trip.mean:.2f} px of the {codec.unit(model.head.decoder)} on average, at most "
        f"{trip.largest:.2f} along an axis; scores of the decoded targets: {'; '.join(costs)}"
    )
    if trip.far:
        say(f"{trip.far} joints at the border of the crop move by more than a pixel")
    if trip.outside:
        say(
            f"{trip.outside} annotated joints of {trip.people_outside} samples lie outside of the "
            "crop, where nothing can be predicted; they are not in these numbers"
        )


def check_save_best(found: Annotations, wanted: Sequence[str]) -> None:
    """Raise InputError if the best checkpoint is to be chosen by a score that no metric gives."""
    for name in wanted:
        if found.names and name not in (*found.names, "auto"):
            raise InputError(
                f"default_hooks.checkpoint.save_best is {name!r}, but val_evaluator gives "
                f"{', '.join(found.names)}. Name one of them"
            )


def _score(
    metric: BaseMetric, samples: Sequence[PoseDataSample]
) -> tuple[BaseMetric, metrics.Scores]:
    copied = metrics.trial(metric, samples)
    metrics.add(copied, without_crowded(copied, samples))
    scores = metrics.compute(copied)
    for said, original in ((copied, metric), *_coco_files(copied, metric)):
        if getattr(said, "left_out_said", False):
            original.left_out_said = True
    return copied, scores


def _coco_files(copied: Any, metric: Any) -> list[tuple[Any, Any]]:
    file = getattr(metric, "coco", None)
    return [] if file is None else [(copied.coco, file)]


def _describe(dataset: Any) -> str:
    return f"{type(dataset).__name__} of {getattr(dataset, 'ann_file', '') or 'several files'}"


def _list(scores: metrics.Scores) -> str:
    return ", ".join(f"{name} {score:.4g}" for name, score in scores.items())


def _and(words: Sequence[str]) -> str:
    return " and ".join(words)
