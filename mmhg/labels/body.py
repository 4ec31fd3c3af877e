"""Make labels of the people that files of LSP and MPII have, whose pixels are 1-based."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from mmhg.datasets.formats.matlab import variables_of
from mmhg.datasets.people import AnnotatedPerson, to_zero_based
from mmhg.errors import InputError
from mmhg.labels.labels import LabeledObject

_LARGEST_FILE = 1 << 28
"""Bytes of a `.mat` that is looked into. MPII's has 12 million."""

_MAT_START = b"MATLAB 5.0"


def has_variable(path: Path, variable: str) -> bool:
    """Tell if a file is MATLAB's and has a variable. Nothing is raised, whatever it is."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_FILE:
            return False
        with path.open("rb") as file:
            if file.read(len(_MAT_START)) != _MAT_START:
                return False
        return variable in variables_of(path, path)
    except (OSError, InputError, ValueError):
        return False


def labeled_person(person: AnnotatedPerson, box: np.ndarray | None, id: str) -> LabeledObject:
    """Return a person with 0-based pixels; joints that are not known to be hidden are not."""
    points = to_zero_based(person.keypoints)
    return LabeledObject(
        keypoints=np.where(person.annotated[:, None], points, np.nan),
        hidden=person.annotated & (person.visible == 0),
        box=box,
        id=id,
    )


def names_and_links(metainfo: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `Labels` that a dataset's metainfo tells."""
    parsed = parse_pose_metainfo(metainfo)
    pairs = {tuple(sorted(pair)) for pair in enumerate(parsed["flip_indices"]) if len({*pair}) > 1}
    return dict(
        keypoints=[parsed["keypoint_id2name"][index] for index in range(parsed["num_keypoints"])],
        skeleton=[tuple(link) for link in parsed["skeleton_links"]],
        flip_pairs=sorted(pairs),
        category="person",
    )


def folder_of(file: Path) -> Path:
    """Return the folder that has the annotations of a file, and maybe `images` beside them."""
    return file.parent.parent if file.parent.name == "annotations" else file.parent
