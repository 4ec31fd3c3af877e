"""The mmengine metric over :mod:`mmhg.evaluation.pcp`."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation.pcp import THRESHOLD, correct_sticks, score
from mmhg.evaluation.person_metric import PersonMetric
from mmhg.evaluation.person_scores import PersonScores


@METRICS.register_module()
class PCPMetric(PersonMetric):
    """Strict PCP, as LSP is scored.

    Returns percentages under the keys `PCP@0.5` (all ten sticks pooled), `PCP Torso`, `PCP Upper
    legs`, `PCP Lower legs`, `PCP Upper arms`, `PCP Lower arms` and `PCP Head` (NaN where none is
    annotated), and logs a table of all sticks.

    Args:
        threshold: Lengths of the stick; the key follows it.
        settings: As of :class:`mmhg.evaluation.person_metric.PersonMetric`.

    Raises:
        InputError: A threshold that is not positive, a dataset that does not name the sticks'
            joints, or people whose scores are not defined.
    """

    def __init__(self, threshold: float = THRESHOLD, **settings: Any) -> None:
        super().__init__(**settings)
        if not threshold > 0:
            raise InputError(f"PCPMetric: threshold must be positive, got {threshold}")
        self.threshold = threshold

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], persons: list[str]
    ) -> PersonScores:
        """Scores of all people."""
        correct = correct_sticks(
            **people, joint_names=joint_names, threshold=self.threshold, persons=persons
        )
        return score(correct, self.labels, self.threshold)
