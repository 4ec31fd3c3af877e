"""Make the dictionary by which MMPose knows a dataset's joints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

_COLORS = {"right": [255, 128, 0], "left": [0, 255, 0], "middle": [51, 153, 255]}
"""RGB, as in MMPose's metainfo of MPII."""


class JointInfo(NamedTuple):
    """A joint's attributes besides its name.

    `weight` is MMPose's loss weight, for heads that use it; `sigma` is COCO's tolerance of the
    joint, for OKS.
    """

    part: Literal["upper", "lower"]
    weight: float
    sigma: float


def pose_metainfo(
    dataset_name: str, joints: Mapping[str, JointInfo], links: Iterable[tuple[str, str]]
) -> dict:
    """Make MMPose's `METAINFO` of a dataset.

    `left_x` and `right_x` are mirror images of each other, any other joint is its own.

    Args:
        dataset_name: The name, in lower case.
        joints: The joints by name, in the dataset's order.
        links: Pairs of names that pictures connect.
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
    """Return the name of the joint on the other side, empty for one in the middle."""
    other = {"left": "right", "right": "left"}.get(_side(name))
    return f"{other}_{name.partition('_')[2]}" if other else ""


def _link_color(start: str, end: str) -> list[int]:
    """Return the color of the link's side, or of the middle."""
    sides = {_side(start), _side(end)} - {"middle"}
    return _COLORS[sides.pop()] if len(sides) == 1 else _COLORS["middle"]
