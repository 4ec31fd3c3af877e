"""Split one annotation file: some of it validates, the rest trains."""

from __future__ import annotations

from collections.abc import Sequence

from mmhg.errors import InputError

HoldOut = int | Sequence[str] | None
"""What validates: n for images 0, n, 2n, ... in the file's order, or images' file names."""


def held_out(images: Sequence[str], hold_out: HoldOut, source: str) -> list[bool]:
    """Tell which people of an annotation file validate.

    An image's people validate or train together.

    Args:
        images: The image's file name of each person, in the file's order.
        hold_out: A whole number n of 2 or more, or names of images.
        source: The annotation file, for errors.

    Raises:
        InputError: Neither of the two; a name that no image has; or nothing is left to train on, or
            to validate on.
    """
    if isinstance(hold_out, int) and not isinstance(hold_out, bool):
        if hold_out < 2:
            raise InputError(
                f"hold_out must be at least 2 (every 2nd image validates), got {hold_out}"
            )
        names = set(list(dict.fromkeys(images))[::hold_out])
    elif isinstance(hold_out, Sequence) and not isinstance(hold_out, str) and len(hold_out):
        if missing := sorted(set(map(str, hold_out)) - set(images)):
            known = f"It has {images[0]!r}, for example" if images else "It has no image"
            raise InputError(
                f"hold_out names {len(missing)} images that {source} does not have, the first is "
                f"{missing[0]!r}. {known}"
            )
        names = set(hold_out)
    else:
        raise InputError(
            "hold_out must be a whole number (every n-th image validates) or a list of images' "
            f"file names, got {hold_out!r}"
        )
    validating = [image in names for image in images]
    if all(validating):
        raise InputError(f"hold_out takes all of {source}: nothing is left to train on")
    return validating
