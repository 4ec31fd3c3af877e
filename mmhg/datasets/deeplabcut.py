"""Turn the labels of a DeepLabCut project into annotations in COCO's format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mmhg.datasets.deeplabcut_h5 import read_h5_table
from mmhg.datasets.transforms.loading import load_image
from mmhg.errors import InputError
from mmhg.utils.coco_file import check_points
from mmhg.utils.csv_file import number, read_csv
from mmhg.utils.inside import check_name
from mmhg.utils.progress import with_progress

LABELS = "labeled-data/*/CollectedData_*.csv"
"""Where a project has its labels, one file per video."""

Column = tuple[str, str, str]
"""Individual (empty in single-animal projects), body part, and `x` or `y`."""

Animals = dict[str, np.ndarray]
"""Keypoints (K, 2) px of each individual, NaN where not labeled."""


def coco_annotations(project: Path) -> dict[str, Any]:
    """Read a project's labels, of one animal or of several.

    An animal's box is the extent of its labeled keypoints, or the whole image where that has no
    area. Keypoints that are not labeled have flag 0. Frames without labels stay in `images`.

    Args:
        project: The folder with `config.yaml` and `labeled-data`.

    Returns:
        COCO's content; file names are relative to `project`, pixels 0-based, as DeepLabCut's.

    Raises:
        InputError: There are no labels, a file has another form, files name different body parts
            or the same frame, an image cannot be read, or a label lies far outside of it.
    """
    files = sorted(project.glob(LABELS))
    if not files:
        raise InputError(f"{project} has no {LABELS}. Give the folder of a DeepLabCut project")
    frames: dict[str, Animals] = {}
    names: list[str] = []
    for file in files:
        found, labeled = read_labels(file)
        if names and found != names:
            raise InputError(f"{file} has the body parts {found}, {files[0]} has {names}")
        if both := frames.keys() & labeled:
            raise InputError(f"{file} and another file label the same frame, {min(both)}")
        names = found
        frames |= labeled
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    listed = with_progress(frames.items(), len(frames), "images")
    for image_id, (name, animals) in enumerate(listed, start=1):
        path = str(project / name)
        check_name(path, [str(project)], "CollectedData_*.csv")
        height, width = load_image(path).shape[:2]
        images.append(dict(id=image_id, file_name=name, width=width, height=height))
        for keypoints in animals.values():
            points = keypoints[np.isfinite(keypoints).all(axis=1)]
            check_points(f"{project / name}: label", points, images[-1])
            if np.isfinite(keypoints).all(axis=1).any():
                ids = dict(id=len(annotations) + 1, image_id=image_id, category_id=1, iscrowd=0)
                annotations.append(ids | _animal(keypoints, width, height))
    categories = [dict(id=1, name="animal", keypoints=names, skeleton=[])]
    return dict(images=images, annotations=annotations, categories=categories)


def read_labels(file: Path) -> tuple[list[str], dict[str, Animals]]:
    """Read the body parts, and the animals of each frame, of a `CollectedData_*.csv` or `.h5`.

    A CSV file may have been saved by a spreadsheet (`mmhg.utils.csv_file`).

    Raises:
        InputError: The file cannot be read or has another form.
    """
    table = read_h5_table(file) if file.suffix == ".h5" else read_csv(file)
    header = {row[0].lower(): row for row in table.rows[:4] if row[0].lower() in _HEADER}
    if not {"scorer", "bodyparts", "coords"} <= header.keys():
        raise InputError(
            f"{file} must begin with the rows scorer, bodyparts and coords, its cells separated by "
            "commas, semicolons or tabs"
        )
    if len({len(row) for row in header.values()}) > 1:
        lengths = ", ".join(f"{name} {len(row)}" for name, row in header.items())
        raise InputError(f"{file}: its first rows must be equally long, got cells: {lengths}")
    # DeepLabCut writes an image's path in one cell or, in later versions, in three.
    first = next((i for i, cell in enumerate(header["scorer"]) if i and cell), 1)
    individuals = header.get("individuals", [""] * len(header["coords"]))
    axes = [axis.lower() for axis in header["coords"]]
    columns = list(zip(individuals, header["bodyparts"], axes, strict=True))[first:]
    names = list(dict.fromkeys(part for _, part, _ in columns))
    rows = table.rows[len(header) :]
    decimal_comma = table.decimal_comma(cell for row in rows for cell in row[first:])
    frames: dict[str, Animals] = {}
    for row in rows:
        frame = "/".join(cell for cell in row[:first] if cell).replace("\\", "/")
        if frame in frames:
            raise InputError(f"{file} has the frame {frame!r} twice")
        frames[frame] = _animals(f"{file}: {frame}", columns, row[first:], names, decimal_comma)
    return names, frames


_HEADER = ("scorer", "individuals", "bodyparts", "coords")


def _animals(
    where: str, columns: list[Column], cells: list[str], names: list[str], decimal_comma: bool
) -> Animals:
    """Return the keypoints in a row's cells."""
    animals = {who: np.full((len(names), 2), np.nan) for who, _, _ in columns}
    try:
        for (who, part, axis), cell in zip(columns, cells, strict=True):
            if axis not in ("x", "y"):
                raise ValueError(f"coords has {axis!r}")
            animals[who][names.index(part), "xy".index(axis)] = number(
                cell, decimal_comma=decimal_comma
            )
    except ValueError as error:
        raise InputError(f"{where}: expected {len(columns)} numbers, x and y: {error}") from error
    for keypoints in animals.values():
        half = np.isfinite(keypoints).sum(axis=1) == 1
        if half.any():
            raise InputError(f"{where}: {names[half.argmax()]} has only one of x and y")
    return animals


def _animal(keypoints: np.ndarray, width: int, height: int) -> dict[str, Any]:
    """Return COCO's entries of an animal with keypoints (K, 2)."""
    labeled = np.isfinite(keypoints).all(axis=1)
    left, top = keypoints[labeled].min(axis=0)
    right, bottom = keypoints[labeled].max(axis=0)
    box = [left, top, right - left, bottom - top]
    if not (box[2] > 0 and box[3] > 0):
        box = [0, 0, width, height]
    flagged = np.column_stack([np.where(labeled[:, None], keypoints, 0), 2 * labeled])
    return dict(
        bbox=[float(side) for side in box],
        area=float(box[2] * box[3]),
        num_keypoints=int(labeled.sum()),
        keypoints=flagged.ravel().tolist(),
    )
