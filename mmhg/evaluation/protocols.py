"""Conventions of published PCKh numbers, by name.

They share the distance (over 0.6 x the head box's diagonal) and differ in the joints that count, in
their average, and in the meaning of "Head" and "@0.1". Differences of some tenths of a point
between them are larger than those between many networks, so every report names its protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from mmhg.errors import InputError

_SIDES = ("right", "left")
_PAIRED_JOINTS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


@dataclass(frozen=True)
class PCKhProtocol:
    """The joints that a set of PCKh scores counts, named as in MMPose's MPII metainfo.

    Args:
        name: The name that reports give beside the scores.
        users: The publishers of such numbers.
        total: Joints of `PCKh@0.5`, `PCKh@0.1` and `AUC`.
        upper_body: Joints of `UBody`.
        groups: Joints of each further score, which is the mean of their accuracies.
        average: 'pooled' counts every annotated joint of `total` and `upper_body` the same; 'macro'
            averages joint by joint.
        tight_threshold: The threshold of `PCKh@0.1`, in head sizes.
    """

    name: str
    users: str
    total: tuple[str, ...]
    upper_body: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]]
    average: Literal["pooled", "macro"] = "pooled"
    tight_threshold: float = 0.1


def _both_sides(*joints: str) -> tuple[str, ...]:
    return tuple(f"{side}_{joint}" for joint in joints for side in _SIDES)


_PAIRS = {joint.capitalize(): _both_sides(joint) for joint in _PAIRED_JOINTS}

OFFICIAL = PCKhProtocol(
    name="official",
    users="MPII's toolkit and leaderboard",
    total=("head_top", "upper_neck", *_both_sides(*_PAIRED_JOINTS)),
    upper_body=_both_sides("shoulder", "elbow", "wrist"),
    groups={"Head": ("upper_neck", "head_top"), **_PAIRS},
)
"""MPII's toolkit and leaderboard: everything but pelvis and thorax, pooled."""

HRNET = replace(
    OFFICIAL,
    name="hrnet",
    users="HRNet, SimpleBaseline and MMPose, validation tables at 0.5",
    groups={"Head": ("head_top",), **_PAIRS},
)
"""The official total, but Head is the head top alone."""

MEAN_AT_011 = replace(
    HRNET,
    name="mean@0.1 at 0.11",
    users='HRNet and SimpleBaseline where they say "Mean@0.1"',
    tight_threshold=0.11,
)
"""Their evaluation takes element 11 of the thresholds 0, 0.01, ...: 0.11 in place of 0.1."""

MACRO14 = replace(
    HRNET,
    name="macro14",
    users="bearpaw's and anibali's pytorch-pose",
    average="macro",
)
"""The mean of the 14 joints' accuracies; Head is the head top alone."""

POOLED16 = replace(
    OFFICIAL,
    name="pooled16",
    users="princeton-vl's PyTorch version",
    total=("pelvis", "thorax", *OFFICIAL.total),
)
"""Pelvis and thorax, which are easy, count too."""

PROTOCOLS = {
    protocol.name: protocol for protocol in (OFFICIAL, HRNET, MEAN_AT_011, MACRO14, POOLED16)
}


def get_protocol(name: str) -> PCKhProtocol:
    """Get a protocol by name.

    Raises:
        InputError: There is no such protocol. The message lists the known ones.
    """
    if name not in PROTOCOLS:
        known = ", ".join(repr(known) for known in PROTOCOLS)
        raise InputError(f"protocol must be one of {known}, got {name!r}")
    return PROTOCOLS[name]
