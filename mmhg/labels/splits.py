"""Tell by a name which split a file or a folder is of."""

from __future__ import annotations

import re

_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def split_of(name: str) -> str | None:
    """Return `"train"`, `"val"` or `"test"` where exactly one of them is a word of a name.

    `person_keypoints_val2017` is of `"val"`, `trainval` of none.
    """
    found = {_WORDS[word] for word in re.split(r"[\W\d_]+", name.lower()) if word in _WORDS}
    return found.pop() if len(found) == 1 else None
