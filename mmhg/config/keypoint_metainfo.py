"""Describe keypoints as MMPose's datasets take it, in a line or two of a config."""

from collections.abc import Sequence
from typing import Any

from mmhg.errors import InputError

LEFT, RIGHT, MIDDLE = (0, 255, 0), (255, 128, 0), (51, 153, 255)
"""Colors of the keypoints of each side, red, green, blue."""

SIGMA = 0.05
"""OKS's sigma where nothing is known: between those of COCO's noses, 0.026, and wrists, 0.062."""

Pairs = Sequence[Sequence[str]]


def keypoint_metainfo(
    name: str, keypoints: Sequence[str], *, pairs: Pairs = (), links: Pairs = ()
) -> dict[str, Any]:
    """Return the `metainfo` of a dataset.

    Args:
        name: What an object is called.
        keypoints: The keypoints' names, in the annotations' order.
        pairs: Names, left and right, that change places in a mirrored image.
        links: Names that a line joins in pictures.

    Raises:
        InputError: A name is there twice, or not at all.
    """
    if doubled := sorted({one for one in keypoints if list(keypoints).count(one) > 1}):
        raise InputError(f"several keypoints are called {doubled[0]!r}")
    for kind, joined in (("pairs", pairs), ("links", links)):
        for pair in joined:
            if len(set(pair)) != 2 or not set(pair) <= set(keypoints):
                raise InputError(
                    f"{kind} must have two of the keypoints {', '.join(keypoints)}, got "
                    f"{tuple(pair)}"
                )
    sides = [one for pair in pairs for one in pair]
    if len(set(sides)) < len(sides):
        raise InputError(f"a keypoint is in several pairs: {', '.join(sides)}")
    swap = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
    color = dict.fromkeys(keypoints, MIDDLE)
    color |= {left: LEFT for left, _ in pairs} | {right: RIGHT for _, right in pairs}
    return dict(
        dataset_name=name,
        keypoint_info={
            index: dict(name=one, id=index, color=list(color[one]), type="", swap=swap.get(one, ""))
            for index, one in enumerate(keypoints)
        },
        skeleton_info={
            index: dict(link=tuple(link), id=index, color=list(_of_link(link, color)))
            for index, link in enumerate(links)
        },
        joint_weights=[1.0] * len(keypoints),
        sigmas=[SIGMA] * len(keypoints),
    )


def _of_link(link: Sequence[str], color: dict[str, tuple[int, int, int]]) -> tuple[int, int, int]:
    """Return a side's color if one end is of that side alone."""
    sides = {color[one] for one in link} - {MIDDLE}
    return sides.pop() if len(sides) == 1 else MIDDLE
