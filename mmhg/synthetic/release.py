"""Write people in the layout of MPII's own annotation file (`mpii_human_pose_v1_u12_1.mat`).

The file holds one variable `RELEASE`, a MATLAB struct. scipy represents MATLAB's struct arrays as
object arrays with named fields. Every value is at least 2-D. This module writes the same arrays.
Coordinates in the file are MATLAB's: the center of the top left pixel is (1, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.datasets.formats.matlab import struct, write_mat
from mmhg.synthetic.annotation import SyntheticPerson

ORIGIN = 1.0
"""Added to 0-based pixels."""


@dataclass
class ReleaseEntry:
    """Hold one image of a release and its people.

    Without `truth` the file has only center and scale of these people.
    """

    name: str
    people: Sequence[SyntheticPerson]
    truth: bool = True


def write_release(path: Path, entries: Sequence[ReleaseEntry], version: str) -> None:
    """Write a `RELEASE` whose images with truth are the training images (`img_train`)."""
    cells = np.empty((len(entries), 1), object)
    for row, entry in enumerate(entries):
        cells[row, 0] = np.arange(1.0, len(entry.people) + 1)[:, None]
    activity = {"cat_name": "figures", "act_name": "rendered", "act_id": 1.0}
    release = {
        "annolist": annolist(entries),
        "img_train": np.array([[float(entry.truth) for entry in entries]]),
        "version": version,
        "single_person": cells,
        "act": struct([activity] * len(entries)).T,
        "video_list": np.empty((1, 0), object),
    }
    write_mat(path, {"RELEASE": struct([release])})


def annolist(entries: Sequence[ReleaseEntry]) -> np.ndarray:
    """Return the struct array `annolist` (1, N)."""
    empty = np.empty((0, 0))
    return struct(
        [
            {
                "image": struct([{"name": entry.name}]),
                "annorect": struct([_annorect(person, entry.truth) for person in entry.people]),
                "frame_sec": empty,
                "vididx": empty,
            }
            for entry in entries
        ]
    )


def _annorect(person: SyntheticPerson, truth: bool) -> dict[str, Any]:
    x, y = (np.rint(person.center) + ORIGIN).tolist()
    placed = {"scale": person.scale, "objpos": struct([{"x": x, "y": y}])}
    if not truth:
        return placed
    x1, y1, x2, y2 = np.round(person.head_box + ORIGIN, 2).tolist()
    joints = np.round(person.joints + ORIGIN, 2).tolist()
    points = [
        {"x": x, "y": y, "id": float(joint), "is_visible": float(person.visible[joint])}
        for joint, (x, y) in enumerate(joints)
        if person.annotated[joint]
    ]
    box = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    return box | {"annopoints": struct([{"point": struct(points)}])} | placed
