"""Bases of the metrics over people: each person counts once, in whichever process it was seen."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger

from mmhg.config.with_test_scales import describe_scales
from mmhg.errors import InputError
from mmhg.evaluation.keypoint_scores import KeypointScores
from mmhg.evaluation.scores import PoseScores

PersonId = tuple[str | None, Hashable]
"""A person's identity: image and id."""


class UniquePersonMetric(BaseMetric):
    """A metric whose results are dictionaries, one per person, with `person` among their keys.

    mmengine removes a sampler's padding by cutting the collected results to the dataset's size,
    which is right only if the padding comes last. Here all results are kept, and the identity of
    the person decides.
    """

    def evaluate(self, size: int) -> dict[str, float]:
        """Score the people of all processes, each once."""
        return super().evaluate(size=sys.maxsize)


class KeypointMetric(UniquePersonMetric):
    """Collect predicted and annotated joints, and score each person once.

    A metric defines `score_people`, and `measure_person` if it needs more numbers. Joints are found
    by the names in the dataset's metainfo. Predictions and annotations must have the same pixel
    origin.

    Args:
        settings: `collect_device`, `collect_dir` and `prefix`, as for any metric of mmengine.

    Attributes:
        scores: The last evaluation, on the main process; `scores.to_json()` is its JSON form.
        full_score: What every score of perfect predictions is.
        size: Name of the number of `measure_person` that distances are divided by, such as 'head
            size'; None if the metric needs no size. People who have annotated joints but no such
            size are left out, with a warning at the first evaluation.
        size_advice: Where such sizes come from, for errors.
        left_out_said: Whether the warning of what is left out was given.
    """

    scores: PoseScores | KeypointScores | None = None
    full_score = 100.0
    size: str | None = None
    size_advice = ""
    left_out_said = False

    @property
    def side_convention(self) -> str:
        """Name the meaning of left and right in the dataset."""
        return self.dataset_meta.get("side_convention", "unnamed")

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> PoseScores | KeypointScores:
        """Score all people.

        Args:
            people: `predictions` and `ground_truth` (P, K, 2) px, `annotated` (P, K) bool, and
                the numbers of `measure_person`, each (P, ...).
            joint_names: The K joints' names.
            person_names: Names of the P people in errors.
        """
        raise NotImplementedError

    def measure_person(self, sample: dict) -> dict[str, Any]:
        """Return more numbers of one person, by name; or arrays, of one shape for all."""
        return {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep joints, flags and numbers of each person (one per data sample)."""
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
                        **self.measure_person(sample),
                    },
                }
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Score the people in `results`, each once."""
        name = type(self).__name__
        if not results:
            raise InputError(f"{name}: the evaluation dataset has no people")
        if not self.dataset_meta:
            raise InputError(f"{name}: dataset_meta is not set, the joints have no names")
        people = deduplicate(results)
        kept = list(people.values())
        scales = {person["test_scales"] for person in kept}
        testing = {describe_scales(of_person) for of_person in scales}
        if len(testing) > 1:
            raise InputError(f"{name}: people were tested in different ways: {sorted(testing)}")
        arrays = {
            key: np.array([person["arrays"][key] for person in kept])
            for key in results[0]["arrays"]
        }
        person_names = [f"{path}, id {number}" for path, number in people]
        if self.size is not None:
            arrays, person_names = self._measurable(arrays, person_names)
        joint_names = list(self.dataset_meta["keypoint_id2name"].values())
        scores = self.score_people(arrays, joint_names, person_names)
        self.scores = replace(scores, testing=testing.pop())
        MMLogger.get_current_instance().info(f"\n{self.scores.table()}")
        return dict(self.scores.summary)

    def say_left_out(self, what: str) -> None:
        """Warn of what a score leaves out, at the first evaluation only."""
        if not self.left_out_said:
            MMLogger.get_current_instance().warning(f"{type(self).__name__}: left out {what}")
            self.left_out_said = True

    def _measurable(
        self, arrays: dict[str, np.ndarray], person_names: list[str]
    ) -> tuple[dict[str, np.ndarray], list[str]]:
        """Leave out the people who have joints to score, but no size to measure them with."""
        assert self.size is not None
        sizes = arrays[self.size.replace(" ", "_") + "s"]
        unsized = arrays["annotated"].any(axis=1) & ~(np.isfinite(sizes) & (sizes > 0))
        if not unsized.any():
            return arrays, person_names
        name, lacking = type(self).__name__, np.flatnonzero(unsized)
        without = (
            f"no {self.size} (a positive number of px), for example {person_names[lacking[0]]}"
        )
        if len(lacking) == arrays["annotated"].any(axis=1).sum():
            raise InputError(f"{name}: all people have {without}. {self.size_advice}")
        self.say_left_out(f"{len(lacking)} of {len(unsized)} people, who have {without}")
        kept = {key: values[~unsized] for key, values in arrays.items()}
        return kept, [person_names[index] for index in np.flatnonzero(~unsized)]


def identity(sample: Mapping[str, Any]) -> PersonId:
    """Return the identity of a data sample's person."""
    return sample.get("img_path"), sample["id"]


def deduplicate(results: list[dict]) -> dict[PersonId, dict]:
    """Collect results by person. If a person has several, the first one counts."""
    people: dict[PersonId, dict] = {}
    for result in results:
        people.setdefault(result["person"], result)
    return people


def annotated_keypoints(sample: Mapping[str, Any]) -> np.ndarray:
    """Tell which joints of a data sample's person are annotated: (K,) bool."""
    flags = np.asarray(sample["gt_instances"]["keypoints_visible"])
    if flags.ndim == 3:  # codecs may append weights to the flags
        flags = flags[..., 0]
    return flags[0] > 0


def to_numpy(values: Any) -> np.ndarray:
    """Return a numpy array of an array or of a tensor on any device."""
    return values.cpu().numpy() if hasattr(values, "cpu") else np.asarray(values)
