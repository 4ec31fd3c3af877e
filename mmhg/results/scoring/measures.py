"""Score predictions by each measure of `mmhg score`.

Shapes: P people, K keypoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmhg.errors import InputError
from mmhg.evaluation import pcp, torso_pck
from mmhg.evaluation.calibration import Reliability, score_calibration
from mmhg.evaluation.keypoint_error import lengths, offsets, score_error
from mmhg.evaluation.keypoint_scores import KeypointScores
from mmhg.evaluation.normalized_error import FAILURE, score_nme
from mmhg.evaluation.normalizers import extents, normalizing_lengths
from mmhg.evaluation.pckh import normalized_distances, score_pckh
from mmhg.evaluation.protocols import get_protocol
from mmhg.evaluation.scores import PoseScores
from mmhg.evaluation.success_rate import THRESHOLDS, score_success
from mmhg.results.scoring.oks_measure import score_oks
from mmhg.results.scoring.records import Predicted, Truth

METRICS = ("pckh", "pck", "pcp", "oks", "px", "nme", "sdr", "calibration")

_DEFAULTS = {"MPII": ("pckh",), "FLIC": ("pck",), "LSP": ("pck", "pcp"), "LSPET": ("pck",)}
_OF_PEOPLE = ("oks",)
_OF_OTHERS = ("px", "nme")
_PCK_OF_BOX = ("longer_side", 0.05)
_PCK_OF_SIZE = {"torso": torso_pck.THRESHOLD, "head": 0.5}

_ELSEWHERE = 1e9
"""px, where a missed keypoint is put for measures that take no missing ones: wrong for all."""

Scores = PoseScores | KeypointScores


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Say what the user sets.

    Args:
        pixel_size: Units per px; None takes the ground truth's, if it has any.
        unit: Name of the unit.
        normalize: A name of `normalizing_lengths`; None chooses.
        thresholds: Of PCK, NME's failures, calibration (one), and SDR; empty chooses.
        protocol: PCKh's.
        sigmas: (K,) of OKS, or None.
    """

    pixel_size: float | None = None
    unit: str = "mm"
    normalize: str | None = None
    thresholds: Sequence[float] = ()
    protocol: str = "official"
    sigmas: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The files' scores by one metric.

    Args:
        metric: One of `METRICS`.
        scores: By file.
        notes: What a reader of the scores must know.
        curves: By file, of calibration.
    """

    metric: str
    scores: Mapping[str, Scores]
    notes: Sequence[str] = ()
    curves: Mapping[str, Reliability] | None = None


def default_metrics(truth: Truth) -> tuple[str, ...]:
    """Choose what a ground truth's field scores by."""
    people = truth.kind == "COCO" and len(truth.names) == 17 and "left_ankle" in truth.names
    return _DEFAULTS.get(truth.kind, _OF_PEOPLE if people else _OF_OTHERS)


def measure(
    metric: str, truth: Truth, files: Mapping[str, Predicted], settings: Settings
) -> Measured:
    """Score files by a metric.

    Raises:
        InputError: The ground truth lacks what the metric needs, or a setting does not fit.
    """
    if metric == "calibration":
        return _calibration(truth, files, settings)
    scores: Mapping[str, Scores]
    if metric == "oks":
        scores, notes = score_oks(truth, files, settings.sigmas)
    else:
        score, notes = _SCORERS[metric](truth, settings)
        scores = {path: score(one) for path, one in files.items()}
    tested = {path: replace(one, testing=files[path].scales) for path, one in scores.items()}
    return Measured(metric=metric, scores=tested, notes=notes)


Scorer = Callable[[Predicted], Scores]


def _px(truth: Truth, settings: Settings) -> tuple[Scorer, list[str]]:
    size = _pixel_size(truth, settings)
    return lambda one: score_error(_offsets(truth, one), truth.names, size, settings.unit), []


def _sdr(truth: Truth, settings: Settings) -> tuple[Scorer, list[str]]:
    size = _pixel_size(truth, settings)
    if size is None:
        raise InputError(
            f"SDR counts distances in {settings.unit}: give --pixel-size, {settings.unit} per px "
            "(0.1 for the cephalometric X-rays of ISBI 2015), or a pixel_size in each image of the "
            "ground truth"
        )
    if settings.unit != "mm" and not settings.thresholds:
        raise InputError(f"SDR: the usual distances are in mm. Give --threshold in {settings.unit}")
    limits = settings.thresholds or THRESHOLDS

    def score(one: Predicted) -> Scores:
        distances = lengths(_offsets(truth, one)) * np.reshape(size, (-1, 1))
        return score_success(distances, truth.names, limits, settings.unit)

    return score, []


def _nme(truth: Truth, settings: Settings) -> tuple[Scorer, list[str]]:
    name, units, notes = _lengths(truth, settings.normalize or _usual(truth, "box"))
    limit = _threshold(settings, FAILURE)

    def score(one: Predicted) -> Scores:
        return score_nme(lengths(_offsets(truth, one)) / units, truth.names, name, limit)

    return score, notes


def _pck(truth: Truth, settings: Settings) -> tuple[Scorer, list[str]]:
    normalize, usual = _pck_unit(truth, settings)
    name, units, notes = _lengths(truth, normalize)
    limit = _threshold(settings, usual)

    def score(one: Predicted) -> Scores:
        distances = lengths(_offsets(truth, one)) / units
        if "torso" in truth.sizes:  # both sides together, as FLIC and LSP are published
            known = np.where(np.isinf(distances), _ELSEWHERE, distances)
            of_joints = torso_pck.score_torso_pck(known, truth.names, truth.sides, limit)
            return replace(of_joints, measure=f"PCK@{limit:g} of the {name}")
        found = score_success(distances, truth.names, [limit], "", "PCK")
        return replace(found, measure=f"PCK in percent, of the {name}")

    return score, notes


def _pckh(truth: Truth, settings: Settings) -> tuple[Scorer, list[str]]:
    protocol = get_protocol(settings.protocol)
    if "head" not in truth.sizes:
        raise InputError(
            f"PCKh needs head sizes, which ground truth {truth.file} does not have. MPII's files "
            "have them"
        )

    def score(one: Predicted) -> Scores:
        distances = normalized_distances(
            _without_gaps(truth, one), truth.keypoints, truth.sizes["head"], _counted(truth, one)
        )
        return score_pckh(distances, truth.names, protocol)

    return score, []


def _pcp(truth: Truth, settings: Settings) -> tuple[Scorer, list[str]]:
    pcp.check_names(truth.names)

    def score(one: Predicted) -> Scores:
        counted = _counted(truth, one)
        points = _without_gaps(truth, one)
        correct = pcp.correct_sticks(points, truth.keypoints, counted, truth.names)
        return pcp.score_pcp(correct, truth.sides)

    without = pcp.without_length(truth.keypoints, truth.labeled, truth.names).sum()
    return score, [f"PCP leaves out {without} sticks without length"] if without else []


def _calibration(truth: Truth, files: Mapping[str, Predicted], settings: Settings) -> Measured:
    normalize, usual = _pck_unit(truth, settings)
    name, units, notes = _lengths(truth, normalize)
    scores, curves = {}, {}
    for path, one in files.items():
        if one.confidences is None:
            raise InputError(
                f"calibration: predictions {path} have no confidences. The .json of `mmhg test "
                "--dump`, COCO's results, `keypoints.csv` of `mmhg infer` and arrays of x, y, "
                "score have them"
            )
        distances = lengths(_offsets(truth, one)) / units
        scores[path], curves[path] = score_calibration(
            one.confidences, distances, truth.names, _threshold(settings, usual), f"of the {name}"
        )
    return Measured(metric="calibration", scores=scores, notes=notes, curves=curves)


_SCORERS = {"px": _px, "sdr": _sdr, "nme": _nme, "pck": _pck, "pckh": _pckh, "pcp": _pcp}


def _counted(truth: Truth, predicted: Predicted) -> np.ndarray:
    """Return which labels count, (P, K): those of keypoints that the file has."""
    return truth.labeled & predicted.covered


def _offsets(truth: Truth, predicted: Predicted) -> np.ndarray:
    return offsets(predicted.keypoints, truth.keypoints, _counted(truth, predicted))


def _without_gaps(truth: Truth, predicted: Predicted) -> np.ndarray:
    """Put missed keypoints where they are wrong for any measure."""
    missed = ~np.isfinite(predicted.keypoints).all(axis=2)
    return np.where(missed[..., None], truth.keypoints + _ELSEWHERE, predicted.keypoints)


def _pixel_size(truth: Truth, settings: Settings) -> float | np.ndarray | None:
    return truth.pixel_sizes if settings.pixel_size is None else settings.pixel_size


def _threshold(settings: Settings, usual: float) -> float:
    if len(settings.thresholds) > 1:
        raise InputError(f"--threshold: one number, got {list(settings.thresholds)}")
    return settings.thresholds[0] if settings.thresholds else usual


def _pck_unit(truth: Truth, settings: Settings) -> tuple[str, float]:
    """Choose the unit of PCK and calibration, and their usual threshold."""
    name = settings.normalize or _usual(truth, _PCK_OF_BOX[0])
    size = "torso" if "torso" in truth.sizes else name
    return name, _PCK_OF_SIZE.get(size, _PCK_OF_BOX[1])


def _usual(truth: Truth, of_box: str) -> str:
    return next(iter(truth.sizes), of_box)


def _lengths(truth: Truth, normalize: str) -> tuple[str, np.ndarray, list[str]]:
    """Return the normalizer's name, lengths (P, 1) of it in px, NaN without, and notes."""
    notes, boxes = [], truth.boxes
    if boxes is None:
        boxes = extents(truth.keypoints, truth.labeled)
    units = normalizing_lengths(
        normalize,
        ground_truth=truth.keypoints,
        annotated=truth.labeled,
        keypoint_names=truth.names,
        boxes=boxes,
        sizes=truth.sizes,
    )
    if truth.boxes is None and normalize in ("box", "longer_side", "diagonal"):
        notes.append(
            f"{truth.file} has no boxes for all: distances are measured by the extent of the "
            "labeled keypoints, which is smaller"
        )
    without = truth.labeled.any(axis=1) & ~(np.isfinite(units) & (units > 0))
    if without.all():
        raise InputError(f"nobody in ground truth {truth.file} has the length {normalize!r}")
    if without.any():
        notes.append(
            f"{without.sum()} of {len(without)} people are left out, who have no length to measure "
            f"by ({normalize}), for example {truth.name_of(int(np.argmax(without)))}"
        )
    name = f"{normalize} px" if normalize.replace(".", "").isdecimal() else normalize
    return name, np.where(without, np.nan, units)[:, None], notes
