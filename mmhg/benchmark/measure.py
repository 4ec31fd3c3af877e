"""Compare candidates fairly on a shared machine: they take turns, and each turn gives a ratio."""

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
    """Describe something to time.

    Attributes:
        name: Name in the tables.
        run: Runs one repetition.
        units: How many images, samples or people a repetition handles.
        goal: The ratio to the baseline that it should reach; None without a goal.
        note: Remark for the reader, such as the deviation from the baseline's results.
    """

    name: str
    run: Callable[[], object]
    units: int = 1
    goal: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Measurement:
    """Hold one row of a table.

    Attributes:
        name: The candidate's name.
        value: Median, in the comparison's unit.
        ratio: How many times better than the baseline: the median over the rounds.
        spread: Quartiles of that ratio; None for values that are counted, not timed.
        goal: The ratio that it should reach; None without a goal.
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
    """Hold a table whose first row is the baseline.

    Attributes:
        title: The table's title, with the settings.
        unit: Unit of the values, for example `ms per image`; less is better.
        rows: At least the baseline.
        goal_is_share: True if goals and tables give shares of the baseline (0.25 x) instead of
            how many times better a row is.
    """

    title: str
    unit: str
    rows: list[Measurement] = field(default_factory=list)
    goal_is_share: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Convert the table for JSON."""
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

    In each round every candidate has a turn of `TURN` seconds (or `seconds`, if that is less), or
    of one repetition if that takes longer. Other work of the machine thus slows all candidates
    alike, and each one runs as in steady use, with its own weights in the caches. Each round gives
    one ratio, that of its mean times. Runs before the first round warm up and do not count.

    Args:
        title: The table's title.
        per: The unit that `Candidate.units` counts: `image`, `sample`, `person`.
        candidates: The first is the baseline.
        seconds: Rounds are added until they have taken this long in all.
        min_rounds: Smallest number of rounds, however long they take.
    """
    repetitions = [_repetitions(candidate, min(TURN, seconds)) for candidate in candidates]
    times: list[list[float]] = []
    begin = time.perf_counter()
    while len(times) < min_rounds or time.perf_counter() - begin < seconds:
        times.append([_timed(*turn) for turn in zip(candidates, repetitions, strict=True)])
    table = np.array(times)
    ratios = table[:, :1] / table
    rows = [
        Measurement(
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
    """Make a table of values that are counted, such as bytes. The first is the baseline."""
    baseline = next(iter(values.values()))
    rows = [
        Measurement(
            name,
            value=value,
            ratio=baseline / value if value else float("inf"),
            goal=(goals or {}).get(name),
            note=(notes or {}).get(name, ""),
        )
        for name, value in values.items()
    ]
    return Comparison(title, unit, rows, goal_is_share)


def _repetitions(candidate: Candidate, turn: float) -> int:
    """Choose how often a candidate runs in its turn of so many seconds."""
    candidate.run()
    return max(1, round(turn / (_timed(candidate) * candidate.units)))


def _timed(candidate: Candidate, repetitions: int = 1) -> float:
    """Measure the seconds per unit: the mean of some repetitions."""
    begin = time.perf_counter()
    for _ in range(repetitions):
        candidate.run()
    return (time.perf_counter() - begin) / (candidate.units * repetitions)
