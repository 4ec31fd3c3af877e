"""What the metrics of MPII, FLIC and LSP have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmengine.logging import MMLogger

from mmhg.config.with_test_scales import describe_scales
from mmhg.errors import InputError
from mmhg.evaluation.each_person import (
    EachPersonMetric,
    annotated_keypoints,
    each_person_once,
    identity,
    to_numpy,
)
from mmhg.evaluation.pckh import PCKhScores
from mmhg.evaluation.person_scores import PersonScores


class PersonMetric(EachPersonMetric):
    """Collects predicted and annotated joints and scores each person once.

    A metric gives `score_people`, and `of_sample` where it needs more of a person. Joints are found
    by the names in the dataset's metainfo. Predictions and annotations must have the same pixel
    origin.

    Args:
        settings: `collect_device`, `collect_dir` and `prefix`, as for any metric of mmengine.

    Attributes:
        scores: The last evaluation, on the main process; `scores.report()` is its JSON form.
    """

    scores: PersonScores | PCKhScores | None = None

    @property
    def labels(self) -> str:
        """What left and right mean in the dataset."""
        return self.dataset_meta.get("labels", "unnamed")

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], persons: list[str]
    ) -> PersonScores | PCKhScores:
        """Scores of all people.

        Args:
            people: `predictions` and `ground_truth` (P, K, 2) px, `annotated` (P, K) bool, and
                what `of_sample` gave, each (P,).
            joint_names: The K joints' names.
            persons: What errors call the P people.
        """
        raise NotImplementedError

    def of_sample(self, sample: dict) -> dict[str, float]:
        """More numbers of one person, by name."""
        return {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what the scores need of each person (one per data sample)."""
        for sample in data_samples:
            predicted = sample["pred_instances"]["keypoints"]
            annotated = sample["gt_instances"]["keypoints"]
            self.results.append(
                {
                    "person": identity(sample),
                    "test_scales": tuple(sample.get("test_scales", ())),
                    "arrays": {
                        "predictions": to_numpy(predicted)[0, :, :2],
                        "ground_truth": to_numpy(annotated)[0, :, :2],
                        "annotated": annotated_keypoints(sample),
                        **self.of_sample(sample),
                    },
                }
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Scores of the people in `results`, each once."""
        name = type(self).__name__
        if not results:
            raise InputError(f"{name}: the evaluation dataset has no people")
        if not self.dataset_meta:
            raise InputError(f"{name}: dataset_meta is not set, the joints have no names")
        people = each_person_once(results)
        kept = list(people.values())
        scales = {person["test_scales"] for person in kept}
        testing = {describe_scales(of_person) for of_person in scales}
        if len(testing) > 1:
            raise InputError(f"{name}: people were tested in different ways: {sorted(testing)}")
        arrays = {
            key: np.array([person["arrays"][key] for person in kept])
            for key in results[0]["arrays"]
        }
        persons = [f"{path}, id {number}" for path, number in people]
        joint_names = list(self.dataset_meta["keypoint_id2name"].values())
        scores = self.score_people(arrays, joint_names, persons)
        self.scores = replace(scores, testing=testing.pop())
        MMLogger.get_current_instance().info(f"\n{self.scores.table()}")
        return dict(self.scores.summary)
