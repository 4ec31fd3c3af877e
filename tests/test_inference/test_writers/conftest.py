"""Two images and a video, with people at places that are known."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from mmhg.inference.writers.people import ImageRef, KeypointFile, Person, Run

NAMES = ["nose", 'left, "ear"', "=1+2"]
RUN = Run(
    names=NAMES,
    links=[(0, 1)],
    colors=[[255, 0, 0], [0, 255, 0], [0, 0, 255]],
    category="mouse & son",
    info=dict(model=["hg2.py", "hg2.pth"]),
    threshold=0.2,
)
WIDTH, HEIGHT = 640, 480
PHOTO = ImageRef(7, "=cmd, a.jpg", None, None, WIDTH, HEIGHT, "my dog/=cmd, a.jpg")
EMPTY = ImageRef(8, "b.jpg", None, None, WIDTH, HEIGHT, "b.jpg")
FRAME = ImageRef(9, "clip.mp4", 12, 0.48, WIDTH, HEIGHT, "clip.mp4")

BOX = np.array([-10.5, 20.0, 300.25, 500.0])
SURE = Person(
    BOX, np.array([[10.123, 20.456], [639.5, 1.0], [320.0, 240.0]]), np.array([0.9, 0.5, 0.1])
)
LOST = Person(BOX, np.array([[np.nan, 5.0], [-3.0, 10.0], [100.0, 479.0]]), np.array([0.9, 0.8, 1]))


@pytest.fixture
def written() -> Callable[..., str]:
    """Return the text that a writer gives for the two people of PHOTO, for EMPTY and FRAME."""

    def write(writer: type[KeypointFile], run: Run = RUN) -> str:
        file = io.StringIO()
        document = writer(file, run)
        for image, people in ((PHOTO, [SURE, LOST]), (EMPTY, []), (FRAME, [SURE])):
            document.add(image, people)
        images: Sequence[dict[str, Any]] = [
            dict(id=image.image_id, file_name=image.name, width=WIDTH, height=HEIGHT)
            for image in (PHOTO, EMPTY, FRAME)
        ]
        document.end(images)
        return file.getvalue()

    return write
