"""Scores of parts of the body, as a table and for a JSON file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple


class PartScore(NamedTuple):
    """The accuracy of a joint or a stick in percent, NaN where it is annotated for nobody."""

    annotated: int
    accuracy: float


@dataclass(frozen=True)
class PersonScores:
    """Scores in percent; NaN where nothing is annotated.

    Args:
        measure: What is measured, and in which unit.
        labels: What left and right mean: 'person-centric' or 'observer-centric'.
        people: Number of people.
        summary: The scores of the metric, by name.
        parts: Every part of the body, by name.
        part: What the parts are: 'joint' or 'stick'.
        testing: The scales of multi-scale testing, empty without it.
    """

    measure: str
    labels: str
    people: int
    summary: dict[str, float]
    parts: dict[str, PartScore] = field(repr=False)
    part: str
    testing: str = ""

    def report(self) -> dict[str, object]:
        """What goes into a JSON file: undefined scores are None (null), not NaN."""
        return {
            "labels": self.labels,
            **({"testing": self.testing} if self.testing else {}),
            **{name: _none_if_undefined(score) for name, score in self.summary.items()},
            f"{self.part}s": {
                name: _none_if_undefined(score.accuracy) for name, score in self.parts.items()
            },
        }

    def table(self) -> str:
        """A plain text table of all parts, then of the summary."""
        width = max(len(name) for name in (*self.parts, *self.summary))
        lines = [
            f"{self.measure}, {self.labels} labels, {self.people} people"
            + (f", {self.testing}" if self.testing else ""),
            f"{self.part:<{width}}  annotated  correct",
        ]
        for name, (annotated, accuracy) in self.parts.items():
            lines.append(f"{name:<{width}}  {annotated:>9}  {accuracy:>7.2f}")
        lines.append("-" * len(lines[1]))
        for name, score in self.summary.items():
            lines.append(f"{name:<{width}}  {'':>9}  {score:>7.2f}")
        return "\n".join(lines)


def _none_if_undefined(score: float) -> float | None:
    return None if math.isnan(score) else score
