"""Find the image of the ground truth that a file of predictions means."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import PurePosixPath

from mmhg.errors import InputError
from mmhg.results.scoring.records import FoundPerson, ImageKey, Truth

Scene = int | ImageKey
"""An image of the ground truth: its id where the format has ids, else its name and frame."""


class ImageIndex:
    """The images of a ground truth, with labels or without."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.scenes: list[Scene] = [*(truth.image_ids or truth.images)]
        self._resolved: dict[ImageKey, Scene | None] = {}

    def scene_of(self, person: FoundPerson) -> Scene | None:
        """Return a person's image, None if the ground truth does not list it.

        Raises:
            InputError: The name may be that of several images, or the ground truth has no ids.
        """
        if person.image_id is None:
            return None if person.image is None else self.named(person.image)
        if not self.truth.image_ids:
            raise InputError(
                f"predictions have image_id {person.image_id}, but ground truth {self.truth.file} "
                "has no ids of images"
            )
        return person.image_id if person.image_id in self._ids else None

    def named(self, image: ImageKey) -> Scene | None:
        """Return the image of a name; None if there is none.

        Names mean the same image if they are the same, or one ends as the other; else by the file's
        name alone, where the ground truth has it once.

        Raises:
            InputError: There are several such images.
        """
        if image not in self._resolved:
            self._resolved[image] = self._find(*image)
        return self._resolved[image]

    def _find(self, name: str, frame: int | None) -> Scene | None:
        same = self._by_file_name.get((PurePosixPath(name).name, frame), {})
        exact = [one for one in same if one == name]
        ends = [one for one in same if f"/{one}".endswith(f"/{name}") or name.endswith(f"/{one}")]
        fitting = exact or ends or list(same)
        if len(fitting) > 1:
            raise InputError(
                f"image {name} may be {' or '.join(fitting[:3])} of ground truth "
                f"{self.truth.file}. Name images with their folders"
            )
        return same[fitting[0]] if fitting else None

    @cached_property
    def _ids(self) -> set[int]:
        return {image["id"] for image in (self.truth.content or {}).get("images", ())}

    @cached_property
    def _by_file_name(self) -> dict[ImageKey, dict[str, Scene]]:
        """By the file's name and the frame, the names with folders and their images."""
        found: dict[ImageKey, dict[str, Scene]] = defaultdict(dict)
        pairs = list(zip(self.truth.images, self.scenes, strict=True))
        pairs += [((name, frame), scene) for name, frame, scene in self.truth.listed]
        for (name, frame), scene in pairs:
            if name:
                found[PurePosixPath(name).name, frame].setdefault(name, scene)
        return found
