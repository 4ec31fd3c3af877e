"""Take the lines between keypoints from labels."""

from __future__ import annotations

from typing import Any


def skeleton_pairs(
    edges: Any, count: int, origin: int | None, notes: list[str]
) -> list[tuple[int, int]]:
    """Return pairs of indices from 0.

    Lines are for pictures only: what cannot be used is left out, and said.

    Args:
        edges: The file's pairs of numbers.
        count: The number of keypoints.
        origin: Of the numbers if none of them is 0, which makes it 0; None if it is not known.
        notes: Gets a sentence if lines are left out.
    """
    if not isinstance(edges, list) or not edges:
        return []
    pairs = [
        tuple(edge)
        for edge in edges
        if isinstance(edge, list) and len(edge) == 2 and all(type(end) is int for end in edge)
    ]
    ends = [end for pair in pairs for end in pair]
    if 0 in ends:
        origin = 0
    elif origin is None and count in ends:
        origin = 1
    if origin is not None:
        pairs = [(first - origin, second - origin) for first, second in pairs]
    good = [
        (first, second)
        for first, second in pairs
        if origin is not None and 0 <= first < count and 0 <= second < count and first != second
    ]
    if len(good) < len(edges):
        notes.append(
            f"{len(edges) - len(good)} of {len(edges)} lines of the skeleton are left out: they do "
            f"not join two of {count} keypoints, counted from 0 or 1."
        )
    return list(dict.fromkeys(good))
