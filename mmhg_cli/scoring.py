"""Score files of predictions on any data set, for `mmhg score`."""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np

from mmhg.errors import InputError
from mmhg.results.scoring.measures import METRICS, Settings, default_metrics, measure
from mmhg.results.scoring.oks_measure import label_sigmas
from mmhg.results.scoring.people_truth import mpii_truth
from mmhg.results.scoring.predictions import only_looked_at, read_predicted
from mmhg.results.scoring.records import Predicted, Truth
from mmhg.results.scoring.reports import as_json, as_text, picture
from mmhg.results.scoring.truths import kind_of, read_truth
from mmhg.utils.files import replacing, write_json
from mmhg.visualization.point_plots import plot_keypoints
from mmhg_cli.scoring_mpii import read_mpii, score_mpii, warn

_OF_PCKH = ("protocol", "visibility", "compare", "val")
"""Options that only PCKh on MPII has."""

_USERS = {
    "pixel_size": ("px", "sdr"),
    "normalize": ("pck", "nme", "calibration"),
    "threshold": ("pck", "nme", "sdr", "calibration"),
    "sigmas": ("oks",),
}
"""The metrics of each option."""

_SIZE = re.compile(r"([0-9.eE+-]+)\s*(nm|um|µm|mm|cm|m|in)?")


def score_files(args: Namespace) -> None:
    """Score and print. Files are written after everything has been scored."""
    kind = kind_of(Path(args.gt))
    metrics = _metrics(args)
    if kind == "MPII" and metrics in ((), ("pckh",)) and not args.only_predicted:
        check_used(args, ("pckh",), kind)
        score_mpii(args)
        return
    for option in _OF_PCKH:
        if getattr(args, option) not in (None, False, "official"):
            raise InputError(f"--{option} belongs to PCKh on MPII's files alone, not to {args.gt}")
    if args.plot and args.plot.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise InputError(f"--plot must end in .png, .pdf or .svg, got {args.plot}")
    if kind == "MPII":
        truth = mpii_truth(Path(args.gt), read_mpii(args))
    else:
        truth = read_truth(Path(args.gt), kind, args.split, args.sides)
    metrics = metrics or default_metrics(truth)
    check_used(args, metrics, kind)
    files = {path: read_predicted(path, truth) for path in args.predictions}
    notes = [*truth.notes, *(note for one in files.values() for note in one.notes)]
    settings = _settings(args, truth)
    truth, files, about = _part(args, truth, files)
    found = [measure(metric, truth, files, settings) for metric in metrics]
    for note in dict.fromkeys([*notes, *about, *(note for one in found for note in one.notes)]):
        print(f"note: {note}", file=sys.stderr)
    for one in files.values():
        for doubt in one.doubts:
            warn(doubt)
    content = as_json(found, files)
    if args.output:
        write_json(args.output, content)
    if args.plot:
        panels, curves = picture(found)
        with replacing(args.plot) as partial:
            plot_keypoints(panels, partial, curves)
    if args.format == "json":
        print(json.dumps(content, indent=2))
    else:
        print(as_text(found, truth, args.format))


def check_used(args: Namespace, metrics: tuple[str, ...], kind: str) -> None:
    """Raise InputError for an option that none of the metrics looks at."""
    for option, users in _USERS.items():
        if getattr(args, option) is not None and not {*users} & {*metrics}:
            raise InputError(
                f"--{option.replace('_', '-')} is of the metrics {', '.join(users)}, but {args.gt} "
                f"is scored by {', '.join(metrics)}. Name one by --metric"
            )
    if kind != "FLIC" and args.sides != "observer-centric":
        raise InputError(f"--sides is of FLIC's ground truth alone, not of {args.gt}")


def _metrics(args: Namespace) -> tuple[str, ...]:
    metrics = tuple(args.metric.split(",")) if args.metric else ()
    if unknown := [metric for metric in metrics if metric not in METRICS]:
        raise InputError(f"--metric must be of {', '.join(METRICS)}, got {unknown[0]!r}")
    return metrics


def _settings(args: Namespace, truth: Truth) -> Settings:
    size, unit = None, "mm"
    if args.pixel_size is not None:
        given = _SIZE.fullmatch(args.pixel_size.strip())
        size = _number("--pixel-size", given[1]) if given else 0.0
        if not size > 0:
            raise InputError(
                f"--pixel-size must be a positive number of mm per px, or with a unit as in 5um, "
                f"got {args.pixel_size!r}"
            )
        unit = (given and given[2]) or "mm"
    thresholds = [_number("--threshold", one) for one in (args.threshold or "").split(",") if one]
    if any(not threshold > 0 for threshold in thresholds):
        raise InputError(f"--threshold must be positive, got {args.threshold}")
    return Settings(
        pixel_size=size,
        unit=unit,
        normalize=args.normalize,
        thresholds=thresholds,
        sigmas=_sigmas(args.sigmas, truth),
    )


def _sigmas(given: str | None, truth: Truth) -> np.ndarray | None:
    """Read sigmas: numbers, or a second person's labels."""
    if given is None:
        return None
    if Path(given).exists():
        second = read_predicted(given, truth)
        if not second.labels:
            raise InputError(
                f"--sigmas {given}: these are predictions. The labels of a second person are "
                "needed, in any format that `mmhg import` reads"
            )
        return label_sigmas(truth, second)
    sigmas = np.array([_number("--sigmas", one) for one in given.split(",")])
    if len(sigmas) != len(truth.names) or not (sigmas > 0).all():
        raise InputError(
            f"--sigmas must be the labels of a second person, or {len(truth.names)} positive "
            f"numbers, one per keypoint ({', '.join(truth.names)}), got {given}"
        )
    return sigmas


def _part(
    args: Namespace, truth: Truth, files: dict[str, Predicted]
) -> tuple[Truth, dict[str, Predicted], list[str]]:
    """Leave out what no file has looked at, if that is asked for; and say what is missing."""
    people = len(truth.keypoints)
    if args.only_predicted:
        truth, kept = only_looked_at(truth, [*files.values()])
        files = dict(zip(files, kept, strict=True))
        return truth, files, [f"{len(truth.keypoints)} of {people} people are in predicted images"]
    notes = []
    for path, one in files.items():
        if without := int((~one.looked_at).sum()):
            notes.append(
                f"{path}: {without} of {people} people are in images without any prediction, and "
                "count as missed. --only-predicted leaves them out, for a file of which a part was "
                "predicted (hold_out)"
            )
        needed = truth.labeled & one.covered & one.looked_at[:, None]
        missed = needed & ~np.isfinite(one.keypoints).all(axis=2)
        if missed.any():
            notes.append(
                f"{path}: {missed.sum()} of {needed.sum()} labeled keypoints have no prediction "
                "there. They are wrong at every threshold, and in no mean"
            )
        if not one.covered.all():
            names = [name for name, has in zip(truth.names, one.covered, strict=True) if not has]
            notes.append(f"{path}: not scored, since the file lacks them: {', '.join(names)}")
    return truth, files, notes


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{option} must be numbers, got {text!r}") from None
