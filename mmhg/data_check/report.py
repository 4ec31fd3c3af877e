"""Write a report as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmhg.data_check.check import Report
from mmhg.data_check.findings import KINDS, Example, Finding
from mmhg.utils.table import table

SHOWN = 10
"""Examples of each kind in the text."""


def as_text(report: Report, shown: int = SHOWN) -> str:
    """Write counts first, then each finding with its worst examples, then the last test."""
    return "\n".join(_lines(report, shown))


def _lines(report: Report, shown: int) -> Iterator[str]:
    yield from _counts(report)
    if not report.findings:
        yield "\nNothing is wrong with what can be counted."
    for finding in report.findings:
        kind = KINDS[finding.kind]
        certain = ", certainly wrong" if finding.certain else ""
        yield f"\n{kind.title}: {len(finding.examples)} ({finding.kind}{certain})"
        if finding.note:
            yield f"  {finding.note}"
        for example in finding.examples[:shown]:
            yield f"  {_line(example)}"
        if len(finding.examples) > shown:
            yield f"  and {len(finding.examples) - shown} more"
        yield f"  -> {kind.way_out}"
    if report.suspects:
        yield f"\nThe {len(report.suspects)} most suspicious people are in report.json and the sheet"
    if report.overfit is not None:
        yield f"\n{report.overfit.text}"
    spent = ", ".join(f"{name} {seconds:.0f}" for name, seconds in report.seconds.items())
    yield f"\nseconds: {spent}"


def _counts(report: Report) -> Iterator[str]:
    header = ["", "images", "people", "labeled", "used", "crowds", "no label", "box sides, px"]
    rows = [
        [
            row["split"],
            *(
                f"{row[key]:,}"
                for key in ("images", "people", "labeled", "used", "crowds", "without_labels")
            ),
            " ".join(map(str, row["box_sides"])),
        ]
        for row in report.counts
    ]
    yield table(header, rows)
    yield "(box sides: the longer, smallest, 5 %, median, 95 %, largest)\n"
    names = list(dict.fromkeys(name for row in report.counts for name in row["keypoints"]))
    rows = [
        [name, *(_share(row["keypoints"].get(name, 0), row["labeled"]) for row in report.counts)]
        for name in names
    ]
    if rows:
        yield table(["keypoint", *(row["split"] for row in report.counts)], rows)


def _share(number: int, of: int) -> str:
    return f"{number:,} ({number / of:.0%})" if of else f"{number:,}"


def _line(example: Example) -> str:
    number = "" if example.id is None else f" {example.id}"
    picture = f" ({example.picture})" if example.picture and example.picture != example.file else ""
    return f"{example.file}{number}{picture}: {example.what}"


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON's types, with all examples."""
    return dict(
        config=report.name,
        certain=report.certain,
        counts=report.counts,
        findings=[_finding(one) for one in report.findings],
        most_suspicious=[_example(one) for one in report.suspects],
        overfit=None if report.overfit is None else report.overfit.as_json(),
        seconds={name: round(value, 1) for name, value in report.seconds.items()},
    )


def _finding(finding: Finding) -> dict[str, Any]:
    kind = KINDS[finding.kind]
    return dict(
        kind=finding.kind,
        title=kind.title,
        certain=finding.certain,
        count=len(finding.examples),
        note=finding.note,
        way_out=kind.way_out,
        examples=[_example(one) for one in finding.examples],
    )


def _example(example: Example) -> dict[str, Any]:
    return dict(
        file=example.file,
        id=example.id,
        picture=example.picture,
        what=example.what,
        score=round(float(example.score), 4),
    )
