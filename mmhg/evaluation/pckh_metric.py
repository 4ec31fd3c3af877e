"""The mmengine metric over :mod:`mmhg.evaluation.pckh`."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation.each_person import annotated_keypoints
from mmhg.evaluation.pckh import PCKhScores, normalized_distances, score
from mmhg.evaluation.person_metric import PersonMetric
from mmhg.evaluation.protocols import get_protocol

_HEAD_SIZES = (
    "use an annotation file with 'head_box' (tools/dataset_converters/mpii.py writes it) or set "
    "the dataset's headbox_file to mpii_gt_val.mat"
)


@METRICS.register_module()
class PCKhMetric(PersonMetric):
    """MPII's PCKh, by default as the benchmark defines it.

    Returns percentages under the keys `PCKh@0.5`, `PCKh@0.1`, `AUC`, `UBody`, `Head`, `Shoulder`,
    `Elbow`, `Wrist`, `Hip`, `Knee` and `Ankle` (NaN where no joint is annotated), and logs a table
    of all joints. For the best checkpoint set `save_best='PCKh@0.5'` and `rule='greater'`.

    Joints are found by the names in the dataset's metainfo. Predictions and annotations must have
    the same pixel origin, as they have with :class:`mmhg.datasets.MPIIPersonDataset`.

    Args:
        protocol: Name of the convention, one of `mmhg.evaluation.protocols.PROTOCOLS`; the logged
            table and `scores` name it, together with the scales of multi-scale testing.
        settings: `collect_device`, `collect_dir` and `prefix`, as for any metric of mmengine.

    Raises:
        InputError: An unknown protocol, or people whose scores are not defined.

    Attributes:
        scores: The last evaluation, on the main process; `scores.report()` is its JSON form.
    """

    scores: PCKhScores | None = None

    def __init__(self, protocol: str = "official", **settings: Any) -> None:
        super().__init__(**settings)
        self.protocol = get_protocol(protocol)

    @property
    def dataset_meta(self) -> dict | None:
        """The dataset's metainfo; mmengine sets it before training begins."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict) -> None:
        if not dataset_meta.get("has_head_sizes", True):
            raise InputError(f"PCKhMetric: no person of the dataset has a head size; {_HEAD_SIZES}")
        self._dataset_meta = dataset_meta

    def of_sample(self, sample: dict) -> dict[str, float]:
        """The person's head size in px, NaN where it is neither known nor needed."""
        size = sample["gt_instances"].get("head_size")
        if size is None and annotated_keypoints(sample).any():
            raise InputError(
                f"PCKhMetric: no head size for the person with id {sample['id']} in "
                f"{sample.get('img_path')}; {_HEAD_SIZES}"
            )
        return {"head_sizes": float("nan") if size is None else float(np.asarray(size).item())}

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], persons: list[str]
    ) -> PCKhScores:
        """Scores of all people."""
        return score(normalized_distances(**people, labels=persons), joint_names, self.protocol)
