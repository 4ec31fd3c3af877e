"""Score the prediction after each stack (the paper's Figure 9), by any metric of a config."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from mmengine.evaluator import Evaluator
from mmpose.structures import PoseDataSample

from mmhg.errors import InputError
from mmhg.evaluation.person_metric import UniquePersonMetric
from mmhg.utils.table import table

Scores = list[dict[str, float]]
"""The metrics' scores after each stack."""


class StackScores:
    """One evaluator per stack, all with the same metrics.

    Args:
        evaluator: Config of the metric, or of several: a config's `val_evaluator`.
        num_stacks: S.
        dataset_meta: The dataset's metainfo.
    """

    def __init__(self, evaluator: Any, num_stacks: int, dataset_meta: dict) -> None:
        self.evaluators = [Evaluator(copy.deepcopy(evaluator)) for _ in range(num_stacks)]
        for each in self.evaluators:
            each.dataset_meta = dataset_meta
        self.people = 0

    def check_part(self) -> None:
        """Refuse metrics that would count people who are left out as missed.

        Raises:
            InputError: There is such a metric.
        """
        for metric in self.evaluators[0].metrics:
            if not isinstance(metric, UniquePersonMetric):
                raise InputError(
                    f"{type(metric).__name__} scores the whole validation set, not the first few "
                    "people of it. Leave --first out"
                )

    def process(
        self, batch: dict[str, Any], predictions: Sequence[Sequence[PoseDataSample]]
    ) -> None:
        """Give a batch to the metrics, with the `predictions` after each stack."""
        self.people += len(predictions[0])
        for evaluator, samples in zip(self.evaluators, predictions, strict=True):
            evaluator.process(data_samples=samples, data_batch=batch)

    def evaluate(self) -> Scores:
        """Compute the scores after each stack."""
        return [evaluator.evaluate(self.people) for evaluator in self.evaluators]


def decimals(scores: Scores) -> int:
    """Choose the number of decimals: 1 for percent, 3 for fractions such as COCO's AP."""
    return 3 if all(abs(value) <= 1 for of_stack in scores for value in of_stack.values()) else 1


def stack_table(scores: Scores) -> str:
    """Lay out scores in plain text, one line per stack."""
    names, digits = list(scores[0]), 1 + decimals(scores)
    rows = [
        [str(stack), *(f"{of_stack[name]:.{digits}f}" for name in names)]
        for stack, of_stack in enumerate(scores, start=1)
    ]
    return table(["stack", *names], rows)
