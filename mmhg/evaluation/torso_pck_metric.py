"""The mmengine metric over :mod:`mmhg.evaluation.torso_pck`."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation.person_metric import PersonMetric
from mmhg.evaluation.person_scores import PersonScores
from mmhg.evaluation.torso_pck import THRESHOLD, score, torso_distances


@METRICS.register_module()
class TorsoPCKMetric(PersonMetric):
    """PCK in torso sizes, as FLIC and LSP are scored.

    Returns percentages under the keys `PCK@0.2` (all joints pooled), `AUC` (up to 0.2) and, of both
    sides together, `Elbow`, `Wrist` and the dataset's other joints (NaN where none is annotated),
    and logs a table of all joints that says what left and right mean. For the best checkpoint set
    `save_best='PCK@0.2'` and `rule='greater'`.

    Every person needs a `torso_size`, as :class:`mmhg.datasets.FLICDataset` and
    :class:`mmhg.datasets.LSPDataset` give it.

    Args:
        threshold: Torso sizes; the key follows it.
        settings: As of :class:`mmhg.evaluation.person_metric.PersonMetric`.

    Raises:
        InputError: A threshold that is not positive, or people whose scores are not defined.
    """

    def __init__(self, threshold: float = THRESHOLD, **settings: Any) -> None:
        super().__init__(**settings)
        if not threshold > 0:
            raise InputError(f"TorsoPCKMetric: threshold must be positive, got {threshold}")
        self.threshold = threshold

    def of_sample(self, sample: dict) -> dict[str, float]:
        """The person's torso size in px, NaN where it is neither known nor needed."""
        annotation = sample["gt_instances"]
        if "torso_size" in annotation:
            return {"torso_sizes": float(np.asarray(annotation["torso_size"]).item())}
        if np.asarray(annotation["keypoints_visible"]).any():
            raise InputError(
                f"TorsoPCKMetric: no torso size for the person with id {sample['id']} in "
                f"{sample.get('img_path')}; FLICDataset and LSPDataset give one where shoulder and "
                "hip are annotated"
            )
        return {"torso_sizes": np.nan}

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], persons: list[str]
    ) -> PersonScores:
        """Scores of all people."""
        distances = torso_distances(**people, persons=persons)
        return score(distances, joint_names, self.labels, self.threshold)
