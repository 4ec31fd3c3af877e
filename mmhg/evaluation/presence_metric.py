"""The mmengine metric over `mmhg.evaluation.presence`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation.person_metric import (
    UniquePersonMetric,
    annotated_keypoints,
    deduplicate,
    identity,
    to_numpy,
)
from mmhg.evaluation.presence import PrecisionRecall, precision_recall, presence_scores
from mmhg.evaluation.protocols import OFFICIAL
from mmhg.utils.table import table
from mmhg.visualization.score_curves import plot_presence_curves


@METRICS.register_module()
class JointPresenceMetric(UniquePersonMetric):
    """Score how well the mean heatmap activation separates annotated joints from others.

    Returns the area under the precision-recall curve in percent as `presence/Knee` and so on (NaN
    where no joint is annotated) and logs it beside the share of annotated joints, which is what
    random scores would get. Needs `model.test_cfg.output_heatmaps=True`, and a network
    trained without target weights, as the paper's is.

    Args:
        groups: PCKh's groups of joints, right and left together.
        plot: A picture of the curves to write (.png, .pdf or .svg); None writes none.
        settings: `collect_device`, `collect_dir` and `prefix`, as for any metric of mmengine.

    Raises:
        InputError: An unknown group or kind of picture, or predictions without heatmaps.

    Attributes:
        curves: The curves of the last evaluation, by group, on the main process.
    """

    def __init__(
        self,
        groups: Sequence[str] = ("Knee", "Ankle"),
        plot: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        if unknown := [group for group in groups if group not in OFFICIAL.groups]:
            raise InputError(
                f"JointPresenceMetric: groups must be of {', '.join(OFFICIAL.groups)}, "
                f"got {', '.join(unknown)}"
            )
        if plot and Path(plot).suffix.lower() not in (".png", ".pdf", ".svg"):
            raise InputError(f"JointPresenceMetric: plot must end in .png, .pdf or .svg: {plot}")
        self.groups = tuple(groups)
        self.plot = Path(plot) if plot else None
        self.curves: dict[str, PrecisionRecall] = {}

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the mean activations of each person (one per data sample)."""
        for sample in data_samples:
            if "pred_fields" not in sample:
                raise InputError(
                    "JointPresenceMetric: the predictions have no heatmaps. Set "
                    "model.test_cfg.output_heatmaps=True"
                )
            self.results.append(
                {
                    "person": identity(sample),
                    "scores": presence_scores(to_numpy(sample["pred_fields"]["heatmaps"])),
                    "present": annotated_keypoints(sample),
                }
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Compute the areas of the people in `results`, each once."""
        if not results:
            raise InputError("JointPresenceMetric: the evaluation dataset has no people")
        people = deduplicate(results).values()
        scores = np.stack([person["scores"] for person in people])
        present = np.stack([person["present"] for person in people])
        names = list((self.dataset_meta or {})["keypoint_id2name"].values())
        self.curves, areas, rows = {}, {}, []
        for group in self.groups:
            columns = [names.index(joint) for joint in OFFICIAL.groups[group]]
            of_group = present[:, columns].ravel()
            area = float("nan")
            if of_group.any():
                self.curves[group] = precision_recall(scores[:, columns].ravel(), of_group)
                area = self.curves[group].area
            areas[f"presence/{group}"] = area
            share = 100.0 * of_group.mean()
            rows.append([group, str(of_group.size), f"{share:.1f} %", f"{area:.2f}"])
        MMLogger.get_current_instance().info(
            f"\npresence of joints by mean heatmap activation, {len(people)} people\n"
            + table(["joint", "joints", "annotated", "AUC"], rows)
        )
        if self.plot and self.curves:
            self.plot.parent.mkdir(parents=True, exist_ok=True)
            plot_presence_curves(
                {
                    f"{group}, AUC {curve.area:.1f}": (curve.recall, curve.precision)
                    for group, curve in self.curves.items()
                },
                self.plot,
            )
        return areas
