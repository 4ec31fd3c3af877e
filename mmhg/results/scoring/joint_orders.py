"""Orders of joints in published files of predictions, which do not name them.

Shapes: P people, K joints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mmhg.datasets.formats.flic import JOINTS as FLIC
from mmhg.datasets.formats.lsp_mat import JOINTS as LSP
from mmhg.datasets.formats.mpii_mat import JOINTS as MPII
from mmhg.errors import InputError

_ARM = ("shoulder", "elbow", "wrist")
_SIDE = (*_ARM, "hip")


def _of(side: str, joints: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for joint in joints)


COCO = (
    "nose",
    *(
        f"{side}_{joint}"
        for joint in ("eye", "ear", *_SIDE, "knee", "ankle")
        for side in ("left", "right")
    ),
)

ORDERS: dict[str, tuple[str, ...]] = {
    "FLIC's": FLIC,
    "MPII's": MPII,
    "LSP's": LSP,
    "COCO's": COCO,
    # MODEC's script (Sapp and Taskar) keeps the arms alone, FLIC's first six columns.
    "MODEC's": (*_of("left", _ARM), *_of("right", _ARM)),
    # Chen and Yuille (NIPS 2014); Yang et al. (CVPR 2016) add a neck, between the shoulders.
    "Chen and Yuille's": ("nose", *_of("right", _SIDE), *_of("left", _SIDE)),
    "Chen and Yuille's, sides exchanged": ("nose", *_of("left", _SIDE), *_of("right", _SIDE)),
    "Yang et al.'s": ("nose", "neck", *_of("right", _SIDE), *_of("left", _SIDE)),
    "Yang et al.'s, sides exchanged": ("nose", "neck", *_of("left", _SIDE), *_of("right", _SIDE)),
    # Convolutional pose machines (Wei et al.) on FLIC.
    "CPM's": (*_of("left", _ARM), *_of("right", _ARM), "left_hip", "right_hip", "nose"),
    # Yang's later files, which begin with the eyes.
    "Yang's, eyes first": (
        "left_eye", "right_eye", "nose", *_of("right", _SIDE), *_of("left", _SIDE),
    ),
    "elbows and wrists, side by side": (*_of("left", _ARM[1:]), *_of("right", _ARM[1:])),
    "elbows, then wrists": ("left_elbow", "right_elbow", "left_wrist", "right_wrist"),
}  # fmt: skip
"""By whose order it is. Joints that the ground truth does not have are left out."""

_FEWEST = 4
"""Joints that an order must share with a ground truth, to be one for it."""

FLIC_COLUMNS = 29
"""Columns of `coords` in FLIC's `examples.mat`, of which eleven are joints."""

_COLUMNS_OF_FLIC = dict(zip((0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16), FLIC, strict=True))
ORDERS["examples.mat's"] = tuple(
    _COLUMNS_OF_FLIC.get(column, f"column {column}") for column in range(FLIC_COLUMNS)
)


class Fit(NamedTuple):
    """The order that a file was taken to have.

    Attributes:
        order: A key of `ORDERS`, or empty for that of the ground truth.
        joints: The K names.
        distance: Median distance from the labels in sizes, NaN where nothing can be compared.
    """

    order: str
    joints: tuple[str, ...]
    distance: float


def counts_of(names: Sequence[str]) -> set[int]:
    """Return the numbers of joints that files for a ground truth with these names may have."""
    return {len(joints) for joints in _candidates(names).values()}


def fitting_order(
    names: Sequence[str], points: np.ndarray, truth: np.ndarray, sizes: np.ndarray, file: str
) -> Fit:
    """Find whose order of joints a file has: the one that fits the labels best.

    The order of the ground truth is kept unless another one is clearly better: the median distance
    from the labels is then less than half.

    Args:
        names: The ground truth's names.
        points: (P, K, 2) px.
        truth: (P, len(names), 2) px, NaN where not labeled.
        sizes: (P,) px, by which distances are compared.
        file: The file, for the error.

    Raises:
        InputError: No order has K joints.
    """
    fits = []
    for order, joints in _candidates(names).items():
        if len(joints) == points.shape[1]:
            common = [name for name in joints if name in names]
            columns = [joints.index(name) for name in common]
            there = [list(names).index(name) for name in common]
            off = np.linalg.norm(points[:, columns] - truth[:, there], axis=2) / sizes[:, None]
            known = off[np.isfinite(off)]
            fits.append(Fit(order, joints, float(np.median(known)) if known.size else np.nan))
    if not fits:
        raise InputError(
            f"{file} have {points.shape[1]} joints, but {len(names)} are expected "
            f"({', '.join(names)}), or one of "
            f"{', '.join(map(str, sorted(counts_of(names))))} in a published order"
        )
    best = min(fits, key=lambda fit: np.inf if np.isnan(fit.distance) else fit.distance)
    own = [fit for fit in fits if not fit.order]
    return best if not own or best.distance < own[0].distance / 2 else own[0]


def _candidates(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the ground truth's own order first, then published ones that share joints with it."""
    return {"": tuple(names)} | {
        order: joints
        for order, joints in ORDERS.items()
        if len(set(joints) & set(names)) >= _FEWEST and joints != tuple(names)
    }
