"""What metrics over people share: each person counts once."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

Person = tuple[str | None, Hashable]
"""A person's identity: image and id."""


class EachPersonMetric(BaseMetric):
    """A metric whose results are dictionaries, one a person, with `person` among their keys.

    mmengine removes a sampler's padding by cutting the collected results to the dataset's size,
    which is right only where the padding comes last; here everything is kept and told apart by
    identity.
    """

    def evaluate(self, size: int) -> dict[str, float]:
        """Score the people that the processes have seen, each once."""
        return super().evaluate(size=sys.maxsize)


def identity(sample: Mapping[str, Any]) -> Person:
    """Who a data sample is about."""
    return sample.get("img_path"), sample["id"]


def each_person_once(results: list[dict]) -> dict[Person, dict]:
    """Results by person; of a person's several, the first counts."""
    people: dict[Person, dict] = {}
    for result in results:
        people.setdefault(result["person"], result)
    return people


def annotated_keypoints(sample: Mapping[str, Any]) -> np.ndarray:
    """Which joints of a data sample's person are annotated: (K,) bool."""
    flags = np.asarray(sample["gt_instances"]["keypoints_visible"])
    if flags.ndim == 3:  # codecs may append weights to the flags
        flags = flags[..., 0]
    return flags[0] > 0


def to_numpy(values: Any) -> np.ndarray:
    """An array on the host, whether the model handed out numpy or torch."""
    return values.cpu().numpy() if hasattr(values, "cpu") else np.asarray(values)
