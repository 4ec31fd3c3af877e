"""Metrics of any keypoints: errors in px or mm, NME, SDR, calibration.

They are for keypoints of one's own as well as for people: keypoints are found by the names in the
dataset's metainfo, those without label count nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import MMLogger
from mmpose.registry import METRICS

from mmhg.errors import InputError
from mmhg.evaluation.calibration import BINS, Reliability, score_calibration
from mmhg.evaluation.keypoint_error import lengths, offsets, pixel_sizes, score_error
from mmhg.evaluation.keypoint_scores import KeypointScores
from mmhg.evaluation.normalized_error import FAILURE, score_nme
from mmhg.evaluation.normalizers import normalizing_lengths
from mmhg.evaluation.person_metric import KeypointMetric, to_numpy
from mmhg.evaluation.success_rate import THRESHOLDS, score_success
from mmhg.utils.files import replacing
from mmhg.visualization.point_plots import plot_reliability


@METRICS.register_module()
class KeypointErrorMetric(KeypointMetric):
    """Distance of each keypoint from its label, in px of the image or in mm.

    Returns `mean_px`, `median_px`, `RMSE_px` and `p95_px` over all labeled keypoints, or `mean_mm`
    and so on with a pixel size, and logs a table of all keypoints. For the best checkpoint set
    `save_best='mean_px'` and `rule='less'`. `mean_px` is MMPose's `EPE`.

    Args:
        pixel_size: Units per px, such as 0.1 for X-rays of 0.1 mm per px. None leaves px.
        unit: Name of the unit.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.

    Raises:
        InputError: A pixel size that is not positive.
    """

    full_score = 0.0

    def __init__(self, pixel_size: float | None = None, unit: str = "mm", **settings: Any) -> None:
        super().__init__(**settings)
        pixel_sizes(pixel_size, 0)
        self.pixel_size, self.unit = pixel_size, unit

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> KeypointScores:
        """Score all people."""
        return score_error(offsets(**people), joint_names, self.pixel_size, self.unit)


@METRICS.register_module()
class SDRMetric(KeypointMetric):
    """Success detection rate: the share of keypoints within 2, 2.5, 3 and 4 mm.

    Returns percentages, `SDR@2mm` and so on, and logs a table of all keypoints. For the best
    checkpoint set `save_best='SDR@2mm'` and `rule='greater'`.

    Args:
        pixel_size: Units per px.
        thresholds: Distances, inclusive.
        unit: Name of the unit.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.

    Raises:
        InputError: A pixel size or a threshold that is not positive.
    """

    def __init__(
        self,
        pixel_size: float,
        thresholds: Sequence[float] = THRESHOLDS,
        unit: str = "mm",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        pixel_sizes(pixel_size, 0)
        self.pixel_size, self.thresholds, self.unit = pixel_size, tuple(thresholds), unit

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> KeypointScores:
        """Score all people."""
        distances = self.pixel_size * lengths(offsets(**people))
        return score_success(distances, joint_names, self.thresholds, self.unit)


class NormalizedMetric(KeypointMetric):
    """Base of metrics whose distances are divided by a length of the person.

    Args:
        normalize: The length, one of `mmhg.evaluation.normalizers.normalizing_lengths`: `box`
            (square root of its area), `longer_side`, `diagonal`, `head` or `torso` where the
            dataset has such sizes, a number of px, or two keypoints, `left_eye,right_eye`.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.
    """

    def __init__(self, normalize: str | float = "box", **settings: Any) -> None:
        super().__init__(**settings)
        self.normalize = str(normalize)

    def measure_person(self, sample: dict) -> dict[str, Any]:
        """Return the box and the sizes of one person, NaN where unknown."""
        truth = sample["gt_instances"]
        return {
            "boxes": labeled_box(sample),
            **{
                f"{size}_sizes": float(np.ravel(truth.get(f"{size}_size", np.nan))[0])
                for size in ("head", "torso")
            },
        }

    def distances(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> np.ndarray:
        """Return normalized distances (P, K); NaN for people who lack the length, with a warning.

        Raises:
            InputError: All people lack it.
        """
        points = {name: people[name] for name in ("predictions", "ground_truth", "annotated")}
        sizes = {
            size: people[f"{size}_sizes"]
            for size in ("head", "torso")
            if np.isfinite(people[f"{size}_sizes"]).any()
        }
        boxes = people["boxes"] if np.isfinite(people["boxes"]).any() else None
        units = normalizing_lengths(
            self.normalize,
            ground_truth=people["ground_truth"],
            annotated=people["annotated"],
            keypoint_names=joint_names,
            boxes=boxes,
            sizes=sizes,
        )
        lacking = people["annotated"].any(axis=1) & ~(np.isfinite(units) & (units > 0))
        if lacking.any():
            first = person_names[int(np.argmax(lacking))]
            what = f"no length to normalize by ({self.normalize}), for example {first}"
            if lacking.sum() == people["annotated"].any(axis=1).sum():
                raise InputError(f"{type(self).__name__}: all people have {what}")
            self.say_left_out(f"{lacking.sum()} of {len(lacking)} people, who have {what}")
        usable = np.where(np.isfinite(units) & (units > 0), units, np.nan)
        return lengths(offsets(**points)) / usable[:, None]


def labeled_box(sample: dict) -> np.ndarray:
    """Return the person's box (4,) left, top, right, bottom in px, as labeled; NaN without.

    A pipeline may have put another one in its place, such as the whole image (`WholeImageBox`).
    """
    labeled = (sample.get("raw_ann_info") or {}).get("bbox")
    if labeled is not None and np.shape(labeled) == (4,):
        left, top, width, height = labeled
        return np.array([left, top, left + width, top + height], dtype=np.float64)
    box = sample["gt_instances"].get("bboxes")
    if box is None:
        return np.full(4, np.nan)
    box = to_numpy(box).reshape(-1, 4)[0].astype(np.float64)
    height, width = sample.get("ori_shape", (0, 0))[:2]
    whole = np.allclose(box, [-0.5, -0.5, width - 0.5, height - 0.5])
    return np.full(4, np.nan) if whole else box


@METRICS.register_module()
class NMEMetric(NormalizedMetric):
    """Normalized mean error of keypoints, with the failure rate.

    Returns `NME` and `failure_rate` in percent (MMPose's `NME` is a share), and logs a table of all
    keypoints and the area under the cumulative curve. For the best checkpoint set `save_best='NME'`
    and `rule='less'`.

    Args:
        normalize: As for `NormalizedMetric`; `box` is the square root of the box's area.
        threshold: A person whose mean error exceeds it, in normalizing lengths, is a failure.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.

    Raises:
        InputError: A threshold that is not positive, or a normalizer that the data does not have.
    """

    full_score = 0.0

    def __init__(
        self, normalize: str | float = "box", threshold: float = FAILURE, **settings: Any
    ) -> None:
        super().__init__(normalize, **settings)
        if not threshold > 0:
            raise InputError(f"NMEMetric: threshold must be positive, got {threshold}")
        self.threshold = threshold

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> KeypointScores:
        """Score all people."""
        distances = self.distances(people, joint_names, person_names)
        return score_nme(distances, joint_names, self.normalize, self.threshold)


@METRICS.register_module()
class CalibrationMetric(NormalizedMetric):
    """Tell if a keypoint of confidence 0.8 is right four times in five.

    Returns the expected calibration error `ECE` in percent, and logs a table of all keypoints:
    their mean confidence beside the share that is right, within a distance of the label.

    Args:
        normalize: What the distance is measured in, as for `NormalizedMetric`.
        threshold: The distance, in normalizing lengths.
        bins: Number of bins of the confidence.
        plot: A picture of the bins to write (.png, .pdf or .svg); None writes none.
        settings: As for `mmhg.evaluation.person_metric.KeypointMetric`.

    Raises:
        InputError: A threshold that is not positive, another kind of picture, or a normalizer that
            the data does not have.

    Attributes:
        curve: The bins of the last evaluation, on the main process.
    """

    full_score = 0.0
    curve: Reliability | None = None

    def __init__(
        self,
        normalize: str | float = "box",
        threshold: float = 0.05,
        bins: int = BINS,
        plot: str | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(normalize, **settings)
        if not threshold > 0:
            raise InputError(f"CalibrationMetric: threshold must be positive, got {threshold}")
        if plot and Path(plot).suffix.lower() not in (".png", ".pdf", ".svg"):
            raise InputError(f"CalibrationMetric: plot must end in .png, .pdf or .svg: {plot}")
        self.threshold, self.bins = threshold, bins
        self.plot = Path(plot) if plot else None

    def measure_person(self, sample: dict) -> dict[str, Any]:
        """Return box, sizes and confidences of one person."""
        confidences = to_numpy(sample["pred_instances"]["keypoint_scores"])[0]
        return super().measure_person(sample) | {"confidences": confidences}

    def score_people(
        self, people: dict[str, np.ndarray], joint_names: list[str], person_names: list[str]
    ) -> KeypointScores:
        """Score all people."""
        scores, self.curve = score_calibration(
            people["confidences"],
            self.distances(people, joint_names, person_names),
            joint_names,
            self.threshold,
            self.normalize,
            self.bins,
        )
        if self.plot:
            self.plot.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.plot) as partial:
                plot_reliability({"": self.curve}, partial)
            MMLogger.get_current_instance().info(f"calibration drawn to {self.plot}")
        return scores
