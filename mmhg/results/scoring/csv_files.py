"""Read predictions in CSV: wide, as `mmhg infer --csv` writes them, or long.

Wide has one line per person: `image`, perhaps `frame`, `score` and a box, and for each keypoint
`NAME_x`, `NAME_y` and perhaps `NAME_score`. Long has one line per keypoint: `image`, `keypoint`,
`x`, `y`, and perhaps `frame`, `person` and `score`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mmhg.errors import InputError
from mmhg.results.scoring.labels_truth import labels_found
from mmhg.results.scoring.records import FoundPeople, FoundPerson, ImageKey
from mmhg.utils.files import read_bytes

_LONG = {"image", "keypoint", "x", "y"}

Row = Mapping[str, str]


def read_found_csv(path: Path) -> FoundPeople:
    """Read the people of a CSV file; an empty coordinate is a keypoint that was not predicted.

    Raises:
        InputError: The file cannot be read, has other columns, or a value that is no number.
    """
    name = f"predictions {path}"
    try:
        text = read_bytes(path, name).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = list(reader.fieldnames or ())
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name} are not a CSV file in UTF-8: {error}") from error
    names = [column[:-2] for column in columns if column.endswith("_x") and column[:-2]]
    names = [one for one in names if f"{one}_y" in columns]
    if len(set(columns)) < len(columns):
        raise InputError(f"{name} have a column more than once: {', '.join(columns)}")
    if "image" in columns and names:
        return FoundPeople(people=_wide(name, rows, names), names=names)
    if set(columns) >= _LONG:
        return _long(name, rows)
    return labels_found(path)  # DeepLabCut's, perhaps


def _wide(name: str, rows: Sequence[Row], names: Sequence[str]) -> list[FoundPerson]:
    people = []
    for line, row in enumerate(rows, start=2):
        where = f"{name}: line {line}"
        points = [[_number(where, row, f"{one}_{axis}") for axis in "xy"] for one in names]
        scores = [_number(where, row, f"{one}_score") for one in names]
        people.append(
            FoundPerson(
                keypoints=np.array(points),
                confidences=None if np.isnan(scores).all() else np.array(scores),
                image=_image(where, row),
                score=_known(_number(where, row, "score")),
            )
        )
    return people


def _long(name: str, rows: Sequence[Row]) -> FoundPeople:
    names = list(dict.fromkeys(row["keypoint"] or "" for row in rows))
    if "" in names:
        line = 2 + [row["keypoint"] or "" for row in rows].index("")
        raise InputError(f"{name}: line {line} names no keypoint")
    people: dict[tuple[ImageKey, str], np.ndarray] = {}
    for line, row in enumerate(rows, start=2):
        where = f"{name}: line {line}"
        key = _image(where, row), row.get("person") or ""
        numbers = people.setdefault(key, np.full((len(names), 3), np.nan))
        values = [_number(where, row, column) for column in ("x", "y", "score")]
        place = names.index(row["keypoint"])
        if not np.isnan(numbers[place]).all():
            raise InputError(
                f"{where}: {row['keypoint']!r} of {key[0][0]} comes a second time. Number the "
                "people of an image in a column 'person'"
            )
        numbers[place] = values
    return FoundPeople(
        people=[
            FoundPerson(
                keypoints=numbers[:, :2],
                confidences=None if np.isnan(numbers[:, 2]).all() else numbers[:, 2],
                image=image,
            )
            for (image, _), numbers in people.items()
        ],
        names=names,
    )


def _image(where: str, row: Row) -> ImageKey:
    frame = row.get("frame") or ""
    if frame and not frame.isdecimal():
        raise InputError(f"{where}: frame must be a whole number, got {frame!r}")
    return (row["image"] or "").replace("\\", "/"), int(frame) if frame else None


def _number(where: str, row: Row, column: str) -> float:
    text = (row.get(column) or "").strip()
    try:
        return float(text) if text else float("nan")
    except ValueError:
        raise InputError(f"{where}: {column} must be a number, got {text[:40]!r}") from None


def _known(number: float) -> float | None:
    return None if np.isnan(number) else number
