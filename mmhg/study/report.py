"""Make a study's table and plot from result files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from matplotlib.figure import Figure

from mmhg.errors import InputError
from mmhg.study.plan import Study
from mmhg.study.queue import read_record
from mmhg.utils.files import replacing, write_json, write_text
from mmhg.utils.table import TableFormat, table


@dataclass(frozen=True, kw_only=True)
class Report:
    """Say what came of a study.

    Args:
        metrics: Scores of the table.
        rows: The records of each row's finished trainings, in the study's order.
        missing: Rows and seeds that are not finished.
    """

    metrics: Sequence[str]
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    missing: Sequence[str]

    def scores(self, row: str, metric: str) -> list[float]:
        """Return a metric of all of a row's trainings."""
        return [float(record["scores"][metric]) for record in self.rows[row]]

    def to_table(self, style: TableFormat = "plain") -> str:
        """Lay out mean, standard deviation and number of seeds of each row."""
        rows = [
            [
                row,
                *(_spread(self.scores(row, metric)) for metric in self.metrics),
                str(len(records)),
                f"{sum(record['hours'] for record in records):.2f}",
            ]
            for row, records in self.rows.items()
        ]
        return table(["", *self.metrics, "seeds", "hours"], rows, style)


def collect(study: Study, work_dir: Path) -> Report:
    """Read the results of a study's trainings.

    Raises:
        InputError: No training is finished, or a result lacks a metric.
    """
    found: dict[str, list[dict[str, Any]]] = {row: [] for row in study.rows}
    missing = []
    for run in study.runs:
        record = read_record(work_dir / run.folder)
        if "scores" not in record:
            missing.append(run.name)
            continue
        if lacking := [metric for metric in study.metrics if metric not in record["scores"]]:
            known = ", ".join(record["scores"])
            raise InputError(f"{run.name} has no {lacking[0]!r}: choose metric from {known}")
        found[run.row].append(record)
    finished = {row: records for row, records in found.items() if records}
    if not finished:
        raise InputError(f"{work_dir} has no finished training of study {study.name}")
    return Report(metrics=study.metrics, rows=finished, missing=missing)


def write_report(report: Report, folder: Path) -> None:
    """Write `table.md`, `study.json` and `study.png`."""
    notes = "".join(f"\nNot run: {name}." for name in report.missing)
    write_text(folder / "table.md", f"{report.to_table('markdown')}\n{notes}")
    write_json(
        folder / "study.json",
        {"metrics": list(report.metrics), "rows": report.rows, "missing": list(report.missing)},
    )
    with replacing(folder / "study.png") as partial:
        _plot(report, partial)


def _plot(report: Report, target: Path) -> None:
    """Draw the first metric: a dot per training, mean and standard deviation per row."""
    metric = report.metrics[0]
    figure = Figure(figsize=(7, 1 + 0.4 * len(report.rows)), layout="constrained")
    axes = figure.subplots()
    rows = list(reversed(list(report.rows)))
    for height, row in enumerate(rows):
        scores = report.scores(row, metric)
        deviation = stdev(scores) if len(scores) > 1 else 0
        axes.errorbar(mean(scores), height, xerr=deviation, fmt="o", color="tab:blue", capsize=4)
        axes.plot(scores, [height] * len(scores), "|", color="tab:orange", markersize=14)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(f"{metric}: mean and standard deviation; bars are single trainings")
    axes.grid(axis="x", alpha=0.3)
    figure.savefig(target, format="png", dpi=120)


def _spread(scores: Sequence[float]) -> str:
    """Write a mean, with the standard deviation if there are several scores."""
    text = f"{mean(scores):.2f}"
    return f"{text} ± {stdev(scores):.2f}" if len(scores) > 1 else text
