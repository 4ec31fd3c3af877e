"""Lay out scores of files side by side: text, JSON, and what is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmhg.evaluation.calibration import Reliability
from mmhg.evaluation.keypoint_error import PERCENTILE
from mmhg.evaluation.keypoint_scores import KeypointScores, spell
from mmhg.results.scoring.measures import Measured, Scores
from mmhg.results.scoring.records import Predicted, Truth
from mmhg.utils.files import without_nan
from mmhg.utils.table import TableFormat, table
from mmhg.visualization.point_plots import KeypointPanel

_MARKED = f"{PERCENTILE} %"


def as_json(found: Sequence[Measured], files: Mapping[str, Predicted]) -> dict[str, Any]:
    """Make the content of the JSON file: by file, then by metric."""
    content: dict[str, Any] = {}
    for path in files:
        content[path] = {}
        for one in found:
            scores = one.scores[path]
            content[path][one.metric] = {
                "measure": _measure(scores),
                "people": scores.people,
                "scores": _summary(scores),
                scores.part + "s" if hasattr(scores, "part") else "keypoints": _rows(scores),
            }
            if one.curves:
                bins = one.curves[path]
                content[path][one.metric]["bins"] = [
                    dict(keypoints=count, confidence=confidence, right=right)
                    for count, confidence, right in zip(
                        bins.counts.tolist(), bins.confidences, bins.right, strict=True
                    )
                ]
    result: dict[str, Any] = without_nan(content)
    return result


def as_text(found: Sequence[Measured], truth: Truth, style: TableFormat) -> str:
    """Lay out a table of files, one of keypoints, and for calibration one of bins, per metric.

    In CSV it is one table: file, metric, keypoint (empty for all), score and value.
    """
    if style == "csv":
        return table(["file", "metric", "keypoint", "score", "value"], _lines(found), style)
    return "\n\n".join(text for one in found for text in _tables(one, truth, style))


def picture(
    found: Sequence[Measured],
) -> tuple[list[KeypointPanel], Mapping[str, Reliability] | None]:
    """Choose what to draw: a panel per metric, and the bins of calibration."""
    panels, curves = [], None
    for one in found:
        rows = {path: _rows(scores) for path, scores in one.scores.items()}
        scores = next(iter(one.scores.values()))
        main = _main(scores)
        marked = {
            path: {name: numbers[_MARKED] for name, numbers in of_file.items()}
            for path, of_file in rows.items()
            if all(_MARKED in numbers for numbers in of_file.values())
        }
        panels.append(
            KeypointPanel(
                title=f"{_measure(scores)}: {main}",
                values={
                    path: {name: numbers[main] for name, numbers in of_file.items()}
                    for path, of_file in rows.items()
                },
                highest=marked,
                highest_name=_MARKED,
            )
        )
        curves = one.curves or curves
    return panels, curves


def _tables(one: Measured, truth: Truth, style: TableFormat) -> list[str]:
    first = next(iter(one.scores.values()))
    heading = f"{_measure(first)}, {first.people} people of {truth.file}"
    names = list(_summary(first))
    files = [
        [path, *(spell(_summary(scores).get(name, float("nan"))) for name in names)]
        for path, scores in one.scores.items()
    ]
    part = getattr(first, "part", "keypoint")
    rows = {path: _rows(scores) for path, scores in one.scores.items()}
    if len(rows) == 1:
        (only,) = rows.values()
        columns = list(next(iter(only.values())))
        lines = [[name, *(spell(n[column]) for column in columns)] for name, n in only.items()]
    else:
        columns = [f"{_main(first)}, {path}" for path in rows]
        lines = [
            [name, *(spell(of_file[name][_main(first)]) for of_file in rows.values())]
            for name in next(iter(rows.values()))
        ]
    texts = [
        f"{heading}\n{table(['file', *names], files, style)}",
        table([part, *columns], lines, style),
    ]
    return texts + [_bins(path, bins, style) for path, bins in (one.curves or {}).items()]


def _bins(path: str, bins: Reliability, style: TableFormat) -> str:
    lines = []
    for low, high, count, confidence, right in zip(
        bins.edges[:-1], bins.edges[1:], bins.counts, bins.confidences, bins.right, strict=True
    ):
        lines.append(
            [f"{low:.1f} to {high:.1f}", str(count), spell(100 * confidence), spell(100 * right)]
        )
    header = ["confidence", "keypoints", "mean confidence, %", "right, %"]
    return f"{path}\n{table(header, lines, style)}"


def _lines(found: Sequence[Measured]) -> list[list[str]]:
    lines = []
    for one in found:
        for path, scores in one.scores.items():
            for name, value in _summary(scores).items():
                lines.append([path, one.metric, "", name, repr(value)])
            for keypoint, numbers in _rows(scores).items():
                lines += [[path, one.metric, keypoint, n, repr(v)] for n, v in numbers.items()]
    return lines


def _rows(scores: Scores) -> Mapping[str, Mapping[str, float]]:
    """Return the numbers of each keypoint, or stick."""
    if isinstance(scores, KeypointScores):
        return scores.keypoints
    return {
        name: {"labeled": annotated, **dict(zip(scores.headings, correct, strict=True))}
        for name, (annotated, correct) in scores.parts.items()
    }


def _summary(scores: Scores) -> dict[str, float]:
    further = scores.further if isinstance(scores, KeypointScores) else {}
    return {**scores.summary, **further}


def _main(scores: Scores) -> str:
    return scores.main if isinstance(scores, KeypointScores) else scores.headings[0]


def _measure(scores: Scores) -> str:
    if isinstance(scores, KeypointScores):
        return scores.named_measure
    return f"{scores.measure}, {scores.named_convention}"
