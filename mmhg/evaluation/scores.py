"""The scores of an evaluation, as text and for a JSON file."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from mmhg.utils.table import table


class PartScore(NamedTuple):
    """The number of annotations of a joint or a stick, and the accuracy in percent.

    `correct` has one accuracy for each of the scores' `headings`, NaN without annotations.
    """

    annotated: int
    correct: tuple[float, ...]


@dataclass(frozen=True)
class PoseScores:
    """Scores in percent; NaN where nothing is annotated.

    Args:
        measure: Name of the measure and its unit.
        convention: Name of the PCKh protocol that the scores follow, or the side convention:
            'person-centric' or 'observer-centric'.
        people: Number of people.
        summary: The scores of the metric, by name.
        parts: Every part of the body, by name.
        headings: Names of the accuracies of each part.
        part: 'joint' or 'stick'.
        convention_kind: 'protocol' or 'side_convention'.
        testing: The scales of multi-scale testing (`mmhg.config.describe_scales`), empty
            without it.
    """

    measure: str
    convention: str
    people: int
    summary: dict[str, float]
    parts: dict[str, PartScore] = field(repr=False)
    headings: tuple[str, ...] = ("correct",)
    part: str = "joint"
    convention_kind: str = "side_convention"
    testing: str = ""

    @property
    def named_convention(self) -> str:
        """Name the convention, and the scales where there were several."""
        return f"{self.convention}, {self.testing}" if self.testing else self.convention

    def to_json(self) -> dict[str, object]:
        """Make the content of a JSON file: undefined scores are None (null), not NaN."""
        return {
            self.convention_kind: self.named_convention,
            **{name: _none_if_undefined(score) for name, score in self.summary.items()},
            f"{self.part}s": {
                name: _none_if_undefined(score.correct[0]) for name, score in self.parts.items()
            },
        }

    def table(self) -> str:
        """Lay out all parts in plain text, then the summary."""
        kind = self.convention_kind.replace("_", " ")
        parts = [
            [name, str(annotated), *(f"{accuracy:.2f}" for accuracy in correct)]
            for name, (annotated, correct) in self.parts.items()
        ]
        summary = [[name, f"{score:.2f}"] for name, score in self.summary.items()]
        return "\n".join(
            [
                f"{self.measure}, {kind} {self.named_convention}, {self.people} people",
                table([self.part, "annotated", *self.headings], parts),
                "",
                table(["score", "percent"], summary),
            ]
        )


def _none_if_undefined(score: float) -> float | None:
    return None if math.isnan(score) else score
