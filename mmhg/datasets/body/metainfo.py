"""Make the dictionary that MMPose wants to know a set of joints by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

_COLORS = {"right": [255, 128, 0], "left": [0, 255, 0], "middle": [51, 153, 255]}
"""RGB, as in MMPose's metainfo of MPII."""


class JointInfo(NamedTuple):
    """Hold a joint's attributes besides its name.

    `weight` is MMPose's loss weight, where a head is told to use it; `sigma` is COCO's tolerance of
    the joint, for OKS.
    """

    part: Literal["upper", "lower"]
    weight: float
    sigma: float


def pose_metainfo(
    dataset_name: str, joints: Mapping[str, JointInfo], links: Iterable[tuple[str, str]]
) -> dict:
    """Make MMPose's `METAINFO` of a dataset.

    Joints `left_x` and `right_x` are each other's mirror images, and any other its own.

    Args:
        dataset_name: In lower case.
        joints: By name, in the dataset's order.
        links: Pairs of names that images show joined.
    """
    return {
        "dataset_name": dataset_name,
        "keypoint_info": {
            index: {
                "name": name,
                "id": index,
                "color": _COLORS[_side(name)],
                "type": info.part,
                "swap": _mirrored(name),
            }
            for index, (name, info) in enumerate(joints.items())
        },
        "skeleton_info": {
            index: {"link": (start, end), "id": index, "color": _link_color(start, end)}
            for index, (start, end) in enumerate(links)
        },
        "joint_weights": [info.weight for info in joints.values()],
        "sigmas": [info.sigma for info in joints.values()],
    }


def _side(name: str) -> str:
    side = name.partition("_")[0]
    return side if side in ("left", "right") else "middle"


def _mirrored(name: str) -> str:
    """Name the joint on the other side, empty for one in the middle."""
    other = {"left": "right", "right": "left"}.get(_side(name))
    return f"{other}_{name.partition('_')[2]}" if other else ""


def _link_color(start: str, end: str) -> list[int]:
    """Take the color of the side that the link is on, if only one."""
    sides = {_side(start), _side(end)} - {"middle"}
    return _COLORS[sides.pop()] if len(sides) == 1 else _COLORS["middle"]
