"""Head boxes of MPII's validation people from `mpii_gt_val.mat`."""

from __future__ import annotations

import numpy as np
from mmengine.fileio import exists, get_local_path
from scipy.io import loadmat

from mmhg.errors import InputError

HEAD_SIZE_PER_DIAGONAL = 0.6
"""Head size / diagonal of the head box (`util_get_head_size`)."""

_LARGEST_OFFSET = 1.0
"""Largest accepted median distance (px) between a person's joints in the two files. A median, since
`mpii_gt_val.mat` has a few coordinates that are 0 by mistake."""


def load_head_boxes(path: str, joints: np.ndarray, annotated: np.ndarray) -> np.ndarray:
    """Head boxes of people who stand in the file in the same order.

    Args:
        path: `mpii_gt_val.mat` (variable `headboxes_src`, and `pos_gt_src` and `jnt_missing` where
            it has them).
        joints: (P, K, 2) px, 1-based, of the annotation file.
        annotated: (P, K) bool.

    Returns:
        (P, 4) x1, y1, x2, y2 in px.

    Raises:
        InputError: No such file, not a MATLAB file of this kind, another number of people, or
            people in another order.
    """
    if not exists(path):
        raise InputError(f"headbox_file {path} does not exist")
    try:
        with get_local_path(path) as local_path:
            content = loadmat(local_path)
        boxes = content["headboxes_src"].transpose(2, 0, 1).reshape(-1, 4)
    except Exception as error:  # scipy raises whatever the damaged bytes lead to
        raise InputError(
            f"headbox_file {path} is not mpii_gt_val.mat (a MATLAB file with 'headboxes_src' of "
            f"shape 2x2xP): {error}"
        ) from error
    if len(boxes) != len(joints):
        raise InputError(
            f"headbox_file {path} has the head boxes of {len(boxes)} people, but the annotation "
            f"file has {len(joints)}; they are matched in order"
        )
    if "pos_gt_src" in content and "jnt_missing" in content:
        found = content["pos_gt_src"].transpose(2, 0, 1)
        common = annotated & (content["jnt_missing"].T == 0)
        _check_order(path, np.linalg.norm(found - joints, axis=2), common)
    return boxes


def _check_order(path: str, offsets: np.ndarray, common: np.ndarray) -> None:
    """Raise where a person's joints (distances (P, K), `common` in both files) lie elsewhere."""
    for person in np.flatnonzero(common.any(axis=1)):
        offset = np.median(offsets[person, common[person]])
        if offset > _LARGEST_OFFSET:
            raise InputError(
                f"headbox_file {path} lists other people than the annotation file, or in another "
                f"order: person {person} (from 0) has joints {offset:.0f} px apart"
            )


def head_sizes_from_boxes(head_boxes: np.ndarray) -> np.ndarray:
    """Head sizes (P,) in px of head boxes (P, 4), each x1, y1, x2, y2 in px."""
    diagonals = np.asarray(head_boxes, dtype=np.float64)
    diagonals = np.linalg.norm(diagonals[:, 2:] - diagonals[:, :2], axis=1)
    return HEAD_SIZE_PER_DIAGONAL * diagonals
