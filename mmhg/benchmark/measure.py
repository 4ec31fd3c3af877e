"""Fair comparison on a machine that others share: candidates take turns, a ratio is of one turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

TURN = 0.3
"""Seconds that a candidate runs before the next has its turn."""


@dataclass(frozen=True)
class Candidate:
    """Something to time.

    Attributes:
        name: As the tables show it.
        run: One repetition.
        units: How many images, samples or people a repetition handles.
        goal: The ratio to the baseline that it should reach, if there is one.
        note: What else a reader should know, such as how far its results are from the baseline's.
    """

    name: str
    run: Callable[[], object]
    units: int = 1
    goal: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        name: Of the candidate.
        value: Median, in the comparison's unit.
        ratio: How many times better than the baseline: the median over the turns.
        spread: Quartiles of that ratio; None for what is counted instead of timed.
        goal: The ratio that it should reach; None without one.
        note: Free text.
    """

    name: str
    value: float
    ratio: float
    spread: tuple[float, float] | None = None
    goal: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """A table: the baseline is the first row.

    Attributes:
        title: What is compared, under which settings.
        unit: Of the values, `ms per image` for example; less is better.
        rows: At least the baseline.
        goal_is_share: Goals, and what tables show, are shares of the baseline (0.25 x) instead of
            how many times better.
    """

    title: str
    unit: str
    rows: list[Row] = field(default_factory=list)
    goal_is_share: bool = False

    def report(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare(
    title: str,
    per: str,
    candidates: Sequence[Candidate],
    *,
    seconds: float = 10.0,
    min_rounds: int = 5,
) -> Comparison:
    """Time candidates in turns.

    In each round every candidate has a turn of `TURN` seconds, or of one repetition if that takes
    longer, so that whatever else the machine does falls on all of them, and each computes as it
    does in steady use, with its own weights in the caches. A ratio is that of one round's means.
    What comes before the first round warms up and does not count.

    Args:
        title: Of the table.
        per: What `Candidate.units` counts: `image`, `sample`, `person`.
        candidates: The first is the baseline.
        seconds: Rounds are added until they took this long altogether.
        min_rounds: As many rounds at least, however long they take.
    """
    repetitions = [_repetitions(candidate) for candidate in candidates]
    times: list[list[float]] = []
    begin = time.perf_counter()
    while len(times) < min_rounds or time.perf_counter() - begin < seconds:
        times.append([_timed(*turn) for turn in zip(candidates, repetitions, strict=True)])
    table = np.array(times)
    ratios = table[:, :1] / table
    rows = [
        Row(
            candidate.name,
            value=float(np.median(table[:, i])) * 1e3,
            ratio=float(np.median(ratios[:, i])),
            spread=(float(np.quantile(ratios[:, i], 0.25)), float(np.quantile(ratios[:, i], 0.75))),
            goal=candidate.goal,
            note=candidate.note,
        )
        for i, candidate in enumerate(candidates)
    ]
    return Comparison(title, f"ms per {per}", rows)


def count(
    title: str,
    unit: str,
    values: dict[str, float],
    *,
    goals: dict[str, float] | None = None,
    notes: dict[str, str] | None = None,
    goal_is_share: bool = False,
) -> Comparison:
    """A table of what is counted instead of timed: bytes, host waits. The first is the baseline."""
    baseline = next(iter(values.values()))
    rows = [
        Row(
            name,
            value=value,
            ratio=baseline / value if value else float("inf"),
            goal=(goals or {}).get(name),
            note=(notes or {}).get(name, ""),
        )
        for name, value in values.items()
    ]
    return Comparison(title, unit, rows, goal_is_share)


def _repetitions(candidate: Candidate) -> int:
    """How often a candidate runs in its turn."""
    candidate.run()
    return max(1, round(TURN / (_timed(candidate) * candidate.units)))


def _timed(candidate: Candidate, repetitions: int = 1) -> float:
    """Seconds per unit: the mean of some repetitions."""
    begin = time.perf_counter()
    for _ in range(repetitions):
        candidate.run()
    return (time.perf_counter() - begin) / (candidate.units * repetitions)
