"""Split one annotation file: some of it validates, the rest trains."""

from __future__ import annotations

from collections.abc import Sequence

from mmhg.errors import InputError

HoldOut = int | Sequence[str] | None
"""What validates: n for items 0, n, 2n, ... in the file's order, or file names of images."""


def held_out(images: Sequence[str], hold_out: HoldOut, source: str) -> list[bool]:
    """Tell which items of an annotation file validate.

    Args:
        images: The image's file name of each item, in the file's order.
        hold_out: A whole number n of 2 or more, or names of images, of which all items validate.
        source: The annotation file, for errors.

    Raises:
        InputError: Neither of the two; a name that no item has; or nothing is left to train on, or
            to validate on.
    """
    if isinstance(hold_out, int) and not isinstance(hold_out, bool):
        if hold_out < 2:
            raise InputError(
                f"hold_out must be at least 2 (every 2nd item validates), got {hold_out}"
            )
        validating = [index % hold_out == 0 for index in range(len(images))]
    elif isinstance(hold_out, Sequence) and not isinstance(hold_out, str) and len(hold_out):
        if missing := sorted(set(map(str, hold_out)) - set(images)):
            known = f"It has {images[0]!r}, for example" if images else "It has no image"
            raise InputError(
                f"hold_out names {len(missing)} images that {source} does not have, the first is "
                f"{missing[0]!r}. {known}"
            )
        names = set(hold_out)
        validating = [image in names for image in images]
    else:
        raise InputError(
            "hold_out must be a whole number (every n-th item validates) or a list of images' file "
            f"names, got {hold_out!r}"
        )
    if all(validating):
        raise InputError(f"hold_out takes all of {source}: nothing is left to train on")
    return validating
