"""The metrics of MPII, FLIC and LSP, over the functions of `pckh`, `torso_pck` and `pcp`."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation import pcp, torso_pck
from mmhg.evaluation.pckh import normalized_distances, score_pckh
from mmhg.evaluation.person_metric import KeypointMetric
from mmhg.evaluation.protocols import get_protocol
from mmhg.evaluation.scores import PoseScores

_HEAD_SIZES = (
    "Use an annotation file with 'head_box' (tools/dataset_converters/mpii.py writes it) or set "
    "the dataset's headbox_file to mpii_gt_val.mat"
)


@METRICS.register_module()
class PCKhMetric(KeypointMetric):
    """MPII's PCKh, by default as the benchmark defines it.

    Returns percentages under the keys `PCKh@0.5`, `PCKh@0.1`, `AUC`, `UBody`, `Head`, `Shoulder`,
    `Elbow`, `Wrist`, `Hip`, `Knee` and `Ankle` (NaN where no joint is annotated), and logs a table
    of all joints. For the best checkpoint set `save_best='PCKh@0.5'` and `rule='greater'`.

    Joints are found by the names in the dataset's metainfo. Predictions and annotations must have
    the same pixel origin, as `mmhg.datasets.MPIIPersonDataset` gives them. People without a head
    size are left out, with a warning.

    Args:
        protocol: Name of the convention, one of `mmhg.evaluation.protocols.PROTOCOLS`; the logged
            table and `scores` name it, together with the scales of multi-scale testing.
        settings: `collect_device`, `collect_dir` and `prefix`, as for any metric of mmengine.

    Raises:
        InputError: An unknown protocol, or people whose scores are not defined.

    Attributes:
        scores: The last evaluation, on the main process; `scores.to_json()` is its JSON form.
    """

    size, size_advice = "head size", _HEAD_SIZES

    def __init__(self, protocol: str = "official", **settings: Any) -> None:
        super().__init__(**settings)
        self.protocol = get_protocol(protocol)

    @property
    def dataset_meta(self) -> dict | None:
        """Hold the dataset's metainfo; mmengine sets it before training begins."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        if not dataset_meta.get("has_head_sizes", True):
            raise InputError(f"PCKhMetric: no person of the dataset has a head size. {_HEAD_SIZES}")
        self._dataset_meta = dataset_meta

    def measure_person(self, sample: dict) -> dict[str, float]:
        """Return the person's head size in px, NaN if unknown."""
        return {"head_sizes": _number(sample, "head_size")}

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> PoseScores:
        """Score all people."""
        distances = normalized_distances(**people, person_names=person_names, size_name="head size")
        return score_pckh(distances, joint_names, self.protocol)


@METRICS.register_module()
class TorsoPCKMetric(KeypointMetric):
    """PCK in torso sizes, as FLIC and LSP are scored.

    Returns percentages under the keys `PCK@0.2` (all joints pooled), `AUC` (up to 0.2) and, of both
    sides together, `Elbow`, `Wrist` and the dataset's other joints (NaN where none is annotated),
    and logs a table of all joints that states the meaning of left and right. For the best
    checkpoint set `save_best='PCK@0.2'` and `rule='greater'`.

    `mmhg.datasets.FLICDataset` and `mmhg.datasets.LSPDataset` give the `torso_size`. People without
    one are left out, with a warning.

    Args:
        threshold: Torso sizes; the key follows it.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.

    Raises:
        InputError: A threshold that is not positive, or people whose scores are not defined.
    """

    size = "torso size"
    size_advice = "FLICDataset and LSPDataset give one if shoulder and hip are annotated"

    def __init__(self, threshold: float = torso_pck.THRESHOLD, **settings: Any) -> None:
        super().__init__(**settings)
        if not threshold > 0:
            raise InputError(f"TorsoPCKMetric: threshold must be positive, got {threshold}")
        self.threshold = threshold

    def measure_person(self, sample: dict) -> dict[str, float]:
        """Return the person's torso size in px, NaN if unknown."""
        return {"torso_sizes": _number(sample, "torso_size")}

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> PoseScores:
        """Score all people."""
        distances = torso_pck.torso_distances(**people, person_names=person_names)
        return torso_pck.score_torso_pck(
            distances, joint_names, self.side_convention, self.threshold
        )


@METRICS.register_module()
class PCPMetric(KeypointMetric):
    """Strict PCP, as LSP is scored.

    Returns percentages under the keys `PCP@0.5` (all ten sticks pooled), `PCP Torso`, `PCP Upper
    legs`, `PCP Lower legs`, `PCP Upper arms`, `PCP Lower arms` and `PCP Head` (NaN where none is
    annotated), and logs a table of all sticks. Sticks without length are left out, with a warning.

    Args:
        threshold: Lengths of the stick; the key follows it.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.

    Raises:
        InputError: A threshold that is not positive, a dataset that does not name the sticks'
            joints, or people whose scores are not defined.
    """

    def __init__(self, threshold: float = pcp.THRESHOLD, **settings: Any) -> None:
        super().__init__(**settings)
        if not threshold > 0:
            raise InputError(f"PCPMetric: threshold must be positive, got {threshold}")
        self.threshold = threshold

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> PoseScores:
        """Score all people."""
        correct = pcp.correct_sticks(
            **people, joint_names=joint_names, threshold=self.threshold, person_names=person_names
        )
        points = pcp.without_length(people["ground_truth"], people["annotated"], joint_names)
        if points.any():
            person, stick = np.argwhere(points)[0]
            self.say_left_out(
                f"{points.sum()} sticks whose annotated ends are one point, for example the "
                f"{list(pcp.STICKS)[stick]} of {person_names[person]}"
            )
        return pcp.score_pcp(correct, self.side_convention, self.threshold)


def _number(sample: dict, key: str) -> float:
    """Read a number of a data sample's person, NaN if it is not there."""
    number = sample["gt_instances"].get(key)
    return float("nan") if number is None else float(np.asarray(number).item())
