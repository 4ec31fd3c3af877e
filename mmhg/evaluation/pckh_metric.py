"""The mmengine metric over :mod:`mmhg.evaluation.pckh`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from mmhg.errors import InputError

from .pckh import PCKhScores, normalized_distances, score
from .protocols import get_protocol

_HEAD_SIZES = (
    "use an annotation file with 'head_box' (tools/dataset_converters/mpii.py writes it) or set "
    "the dataset's headbox_file to mpii_gt_val.mat"
)


@METRICS.register_module()
class PCKhMetric(BaseMetric):
    """MPII's PCKh, by default as the benchmark defines it.

    Returns percentages under the keys `PCKh@0.5`, `PCKh@0.1`, `AUC`, `UBody`, `Head`, `Shoulder`,
    `Elbow`, `Wrist`, `Hip`, `Knee` and `Ankle` (NaN where no joint is annotated), and logs a table
    of all joints. For the best checkpoint set `save_best='PCKh@0.5'` and `rule='greater'`.

    Joints are found by the names in the dataset's metainfo. Predictions and annotations must have
    the same pixel origin, as they have with :class:`mmhg.datasets.MPIIPersonDataset`.

    Args:
        protocol: Name of the convention, one of `mmhg.evaluation.protocols.PROTOCOLS`; the logged
            table and `scores` name it.
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

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what the scores need of each person (one per data sample)."""
        for sample in data_samples:
            annotation = sample["gt_instances"]
            annotated = np.asarray(annotation["keypoints_visible"])
            if annotated.ndim == 3:  # codecs may append weights to the flags
                annotated = annotated[..., 0]
            if annotated.any() and "head_size" not in annotation:
                raise InputError(
                    f"PCKhMetric: no head size for the person with id {sample['id']} in "
                    f"{sample.get('img_path')}; {_HEAD_SIZES}"
                )
            self.results.append(
                {
                    "person": (sample.get("img_path"), sample["id"]),
                    "predictions": _to_numpy(sample["pred_instances"]["keypoints"])[0, :, :2],
                    "ground_truth": _to_numpy(annotation["keypoints"])[0, :, :2],
                    "annotated": annotated[0] > 0,
                    "head_sizes": float(np.asarray(annotation.get("head_size", np.nan)).item()),
                }
            )

    def evaluate(self, size: int) -> dict[str, float]:
        """Score the people that the processes have seen, each once.

        mmengine removes a sampler's padding by cutting the collected results to `size`, which is
        right only where the padding comes last; here everything is kept and told apart by identity.
        """
        return super().evaluate(size=sys.maxsize)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Scores of the people in `results`; of a person's several results, the first counts."""
        if not results:
            raise InputError("PCKhMetric: the evaluation dataset has no people")
        if not self.dataset_meta:
            raise InputError("PCKhMetric: dataset_meta is not set, the joints have no names")
        people: dict[tuple, dict] = {}
        for result in results:
            people.setdefault(result["person"], result)

        arrays = {
            key: np.stack([person[key] for person in people.values()])
            for key in ("predictions", "ground_truth", "head_sizes", "annotated")
        }
        labels = [f"{path}, id {number}" for path, number in people]
        distances = normalized_distances(**arrays, labels=labels)
        names = list(self.dataset_meta["keypoint_id2name"].values())
        self.scores = score(distances, names, self.protocol)
        MMLogger.get_current_instance().info(f"\n{self.scores.table()}")
        return dict(self.scores.summary)


def _to_numpy(points: Any) -> np.ndarray:
    """An array on the host, whether the model handed out numpy or torch."""
    return points.cpu().numpy() if hasattr(points, "cpu") else np.asarray(points)
