"""Scores that have several numbers for each keypoint, as text and for a JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mmhg.utils.files import without_nan
from mmhg.utils.table import table


@dataclass(frozen=True)
class KeypointScores:
    """Scores of all people and of each keypoint; NaN where nothing is labeled.

    Args:
        measure: Name of the measure and its unit.
        people: Number of people.
        summary: The scores of the metric, by name.
        keypoints: By the keypoint's name, then the column's. Columns are the same for all.
        main: The column that stands for a keypoint in a comparison of files, and in plots.
        further: Scores beside those of `summary`, whose full score is another one.
        testing: The scales of multi-scale testing (`mmhg.config.describe_scales`), empty without.
    """

    measure: str
    people: int
    summary: dict[str, float]
    keypoints: dict[str, dict[str, float]] = field(repr=False)
    main: str
    further: Mapping[str, float] = field(default_factory=dict)
    testing: str = ""

    @property
    def named_measure(self) -> str:
        """Name the measure, and the scales where there were several."""
        return f"{self.measure}, {self.testing}" if self.testing else self.measure

    def to_json(self) -> dict[str, object]:
        """Make the content of a JSON file: undefined scores are None (null), not NaN."""
        content: dict[str, object] = without_nan(
            {
                **self.summary,
                **self.further,
                f"keypoints, {self.named_measure}": self.keypoints,
            }
        )
        return content

    def table(self) -> str:
        """Lay out all keypoints in plain text, then the summary."""
        columns = list(next(iter(self.keypoints.values()), {}))
        rows = [
            [name, *(spell(numbers[column]) for column in columns)]
            for name, numbers in self.keypoints.items()
        ]
        scores = {**self.summary, **self.further}
        return "\n".join(
            [
                f"{self.named_measure}, {self.people} people",
                table(["keypoint", *columns], rows),
                "",
                table(["score", ""], [[name, spell(score)] for name, score in scores.items()]),
            ]
        )


def spell(number: float) -> str:
    """Write a whole number as it is, another one to a hundredth or three digits, NaN as `-`."""
    if number != number:
        return "-"
    if isinstance(number, int):
        return str(number)
    return f"{number:.2f}" if abs(number) >= 1 or number == 0 else f"{number:.3g}"


def by_name(
    names: Sequence[str], columns: Mapping[str, Sequence[float]]
) -> dict[str, dict[str, float]]:
    """Turn columns of K numbers each into the rows of `KeypointScores.keypoints`."""
    return {
        name: {column: numbers[k] for column, numbers in columns.items()}
        for k, name in enumerate(names)
    }
