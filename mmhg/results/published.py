"""Results of a leaderboard, and the published results in `published.json`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeGuard

from mmhg.errors import InputError
from mmhg.evaluation.protocols import PROTOCOLS
from mmhg.utils.files import read_json

PUBLISHED = Path(__file__).with_name("published.json")


@dataclass(frozen=True)
class Benchmark:
    """The splits, protocols and scores of a dataset's results.

    Args:
        splits: Splits that results are published for.
        protocols: Names of the conventions that scores may follow.
        scores: Names of the scores in the order of tables, all in percent.
        total: The score that results are compared by.
    """

    splits: tuple[str, ...]
    protocols: tuple[str, ...]
    scores: tuple[str, ...]
    total: str


BENCHMARKS = {
    "MPII": Benchmark(
        splits=("val", "test"),
        protocols=tuple(PROTOCOLS),
        scores=(
            "Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle",
            "PCKh@0.5", "PCKh@0.1", "PCKh@0.11",
        ),
        total="PCKh@0.5",
    ),
    "COCO": Benchmark(
        splits=("val", "test-dev"),
        protocols=("AP",),
        scores=("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR"),
        total="AP",
    ),
    "LSPET": Benchmark(
        splits=("hold-out",),
        protocols=("person-centric",),
        scores=(
            "Head", "Shoulder", "Elbow", "Wrist", "Hip", "Knee", "Ankle", "PCK@0.2", "AUC",
        ),
        total="PCK@0.2",
    ),
}  # fmt: skip
"""By name of the dataset."""


@dataclass(frozen=True)
class Result:
    """A network's result on a split. Unknown facts are None, unknown scores missing.

    Args:
        name: The network's name in tables.
        dataset: One of `BENCHMARKS`.
        split: One of the benchmark's.
        protocol: One of the benchmark's.
        testing: Flip, scales, detector.
        input_size: Width and height, px.
        parameters: In millions.
        gmacs: Billions of multiply-accumulates per image.
        scores: In percent, by name.
        source: The publication or file that states the result.
    """

    name: str
    dataset: str
    split: str
    protocol: str | None
    testing: str | None
    input_size: tuple[int, int] | None
    parameters: float | None
    gmacs: float | None
    scores: Mapping[str, float]
    source: str

    @property
    def total(self) -> float:
        """Return the score by which results are compared."""
        return self.scores[BENCHMARKS[self.dataset].total]

    @property
    def size_text(self) -> str:
        """Return width x height of the input, empty if unknown."""
        return "x".join(map(str, self.input_size or ()))


def read_published(path: str | Path = PUBLISHED) -> list[Result]:
    """Read the published results of a file, in its order.

    Raises:
        InputError: A row lacks a field or has an invalid one; names the file and the row.
    """
    rows = read_json(path)
    if not isinstance(rows, list):
        raise InputError(f"{path} must be a list of results, got {type(rows).__name__}")
    results = []
    for number, row in enumerate(rows):
        try:
            results.append(_result(row))
        except InputError as error:
            name = f", {row['name']!r}" if isinstance(row, dict) and "name" in row else ""
            raise InputError(f"{path}: row {number} (from 0){name}: {error}") from error
    return results


def is_number(value: object) -> TypeGuard[float]:
    """Tell if a value read from JSON is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _result(row: Any) -> Result:
    expected = {field.name for field in fields(Result)}
    if not isinstance(row, dict) or set(row) != expected:
        found = sorted(row) if isinstance(row, dict) else type(row).__name__
        raise InputError(f"must have exactly {sorted(expected)}, null if unknown, got {found}")
    for key in ("name", "source"):
        if not isinstance(row[key], str) or not row[key].strip():
            raise InputError(f"{key} must be a text, got {row[key]!r}")
    _one_of(row, "dataset", tuple(BENCHMARKS))
    benchmark = BENCHMARKS[row["dataset"]]
    _one_of(row, "split", benchmark.splits)
    _one_of(row, "protocol", benchmark.protocols)
    if row["testing"] is not None and not isinstance(row["testing"], str):
        raise InputError(f"testing must be a text or null, got {row['testing']!r}")
    for key in ("parameters", "gmacs"):
        if row[key] is not None and not (is_number(row[key]) and row[key] > 0):
            raise InputError(f"{key} must be a positive number or null, got {row[key]!r}")
    size, scores = row["input_size"], row["scores"]
    if size is not None and not (
        isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
    ):
        raise InputError(f"input_size must be [width, height] in px or null, got {size!r}")
    if not isinstance(scores, dict) or benchmark.total not in scores:
        raise InputError(f"scores must hold at least {benchmark.total}, got {scores!r}")
    for name, score in scores.items():
        if name not in benchmark.scores or not is_number(score) or not 0 <= score <= 100:
            raise InputError(
                f"scores are {', '.join(benchmark.scores)}, from 0 to 100, got {name}: {score!r}"
            )
    return Result(**{**row, "input_size": tuple(size) if size else None})


def _one_of(row: dict, key: str, known: tuple[str, ...]) -> None:
    if row[key] not in known:
        raise InputError(f"{key} must be one of {', '.join(known)}, got {row[key]!r}")
