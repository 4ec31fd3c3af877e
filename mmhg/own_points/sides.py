"""Find which keypoints are the left and the right one of a pair, by their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mmhg.errors import InputError

Pair = tuple[str, str]
"""Left and right."""

_OPPOSITES = {"left": "right", "l": "r", "lt": "rt"}
_OPPOSITES |= {f"{end}l": f"{end}r" for end in "fhb"} | {f"l{end}": f"r{end}" for end in "fhb"}
"""Words for sides: whole, as a letter, and with front, hind or back as in `FL_paw`."""
_OPPOSITES |= {right: left for left, right in _OPPOSITES.items()}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word of a name: `left`, `Ear` and `L` of `leftEar`, `earL` and `left_ear`."""

_JOINED = re.compile(r"(?i:^(left|right)(?=.)|(?<=.)(left|right)$)")
"""A side at the beginning or the end of a longer word: `leftear`, `earleft`."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Say what is known of left and right.

    Attributes:
        pairs: Left and right keypoints that change places in a mirrored image.
        flips: Whether images may be mirrored.
        origin: Who says so.
        unsure: Why images are not mirrored though there are pairs, or may be.
    """

    pairs: list[Pair]
    flips: bool
    origin: str = "by name"
    unsure: list[str] = field(default_factory=list)


def find_sides(names: Sequence[str]) -> Sides:
    """Find pairs by name: left and right, or l and r as words of their own.

    Words end at underscores, spaces, points and digits, and where capitals begin. `left` and
    `right` also count at the beginning or the end of a word; other letters inside of words do not,
    so `tail` has no side. A pair is there only if both names are.

    A name of a side without its partner, and names that differ only in an l and an r at the
    beginning or the end, such as `lhip` and `rhip`, make the result unsure: to mirror images then
    would exchange what must not be exchanged, or leave what must.
    """
    by_lower = {name.lower(): name for name in names}
    pairs: list[Pair] = []
    alone: list[str] = []
    for name in names:
        mirrored, is_left = _mirrored(name)
        other = by_lower.get(mirrored.lower())
        if is_left is None:
            continue
        if other is None or other == name:
            alone += [name] if _has_side_word(name) else []
        elif is_left:
            pairs.append((name, other))
    paired = {name for pair in pairs for name in pair}
    if len(paired) < 2 * len(pairs):  # two names meet in the same one
        return Sides(pairs=[], flips=False, unsure=["the names are ambiguous"])
    unsure = [f"{name} has no partner" for name in alone if name not in paired]
    unsure += [
        f"{one} and {other} may be a pair, or not"
        for index, one in enumerate(names)
        for other in names[index + 1 :]
        if not {one, other} & paired and _differ_in_a_letter(one.lower(), other.lower())
    ]
    return Sides(pairs=pairs, flips=bool(pairs) and not unsure, unsure=unsure)


def given_pairs(texts: Sequence[str], names: Sequence[str]) -> list[Pair]:
    """Read pairs from texts such as `left_eye,right_eye`.

    Raises:
        InputError: A text has another form, or a name is none of `names`, or is in two pairs.
    """
    pairs: list[Pair] = []
    for text in texts:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != 2 or parts[0] == parts[1] or not set(parts) <= set(names):
            raise InputError(
                f"--flip-pairs takes two keypoints a pair, LEFT,RIGHT, got {text!r}. There are "
                f"{', '.join(names)}"
            )
        if used := {name for pair in pairs for name in pair} & set(parts):
            raise InputError(f"--flip-pairs has {sorted(used)[0]!r} in two pairs")
        pairs.append((parts[0], parts[1]))
    return pairs


def _mirrored(name: str) -> tuple[str, bool | None]:
    """Return the name with its sides exchanged, and if the first of them is left; None if none."""
    first: list[bool] = []

    def exchange(word: str) -> str:
        opposite = _OPPOSITES.get(word.lower())
        if opposite is None:
            return _JOINED.sub(lambda match: exchange(match[0]), word)
        first.append(_is_left(word))
        return opposite

    mirrored = _WORD.sub(lambda match: exchange(match[0]), name)
    return mirrored, first[0] if first else None


def _is_left(word: str) -> bool:
    return "l" in word.lower() and "r" not in word.lower()


def _has_side_word(name: str) -> bool:
    """Tell if a word of the name is, or begins with, left or right; `bright` is none."""
    return any(re.match("(?i:left|right)", word) for word in _WORD.findall(name))


def _differ_in_a_letter(one: str, other: str) -> bool:
    """Tell if the first or the last letter is an l in one and an r in the other, all else alike."""
    return len(one) == len(other) > 1 and any(
        {one[place], other[place]} == {"l", "r"} and one[rest] == other[rest]
        for place, rest in ((0, slice(1, None)), (-1, slice(None, -1)))
    )
