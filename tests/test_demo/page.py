"""Read from the page, and use it, in tests."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .browser import PATIENCE, Browser
from .conftest import HEIGHT, WIDTH

ANSWERED = (
    "!document.querySelector('#save').disabled && "
    "!document.querySelector('#stage').classList.contains('busy')"
)
FAILED = "!document.querySelector('#message').hidden"


def texts(page: Browser, selector: str) -> list[str]:
    code = "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText)"
    return page.script(code, selector)


def label(page: Browser) -> str:
    """Return the picture's label for people who cannot see it."""
    return page.script("return document.querySelector('#picture').ariaLabel")


def box_of(page: Browser) -> list[float]:
    return page.script(
        "return [...document.querySelectorAll('#box input')].map((each) => each.valueAsNumber)"
    )


def pixels(page: Browser, selector: str = "#picture") -> np.ndarray:
    """Read the pixels (height, width, 4) of a canvas: blue, green, red, opacity."""
    url = page.script("return document.querySelector(arguments[0]).toDataURL()", selector)
    data = np.frombuffer(base64.b64decode(url.partition(",")[2]), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def stage(page: Browser) -> list[float]:
    """Return left, top, width, height of the large picture in the window."""
    return page.script(
        "const place = document.querySelector('#picture').getBoundingClientRect(); "
        "return [place.left, place.top, place.width, place.height]"
    )


def on_stage(page: Browser, x: float, y: float) -> tuple[float, float]:
    """Convert px of the photo, counted from its edge, to px of the large picture, not zoomed."""
    _, _, width, height = stage(page)
    zoom = min(width / WIDTH, height / HEIGHT)
    return (width - zoom * WIDTH) / 2 + zoom * x, (height - zoom * HEIGHT) / 2 + zoom * y


def drag(page: Browser, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the mouse from one point of the photo to another."""
    left, top, _, _ = stage(page)
    places = [on_stage(page, *place) for place in (start, end)]
    page.drag(*((left + x, top + y) for x, y in places))


def move_slider(page: Browser, selector: str, value: float) -> None:
    page.script(
        "const slider = document.querySelector(arguments[0]); slider.value = arguments[1]; "
        "slider.dispatchEvent(new Event('input', {bubbles: true}))",
        selector,
        value,
    )


def download(page: Browser, folder: Path) -> Any:
    path = folder / "downloads/my photo_keypoints.json"
    path.unlink(missing_ok=True)
    page.click("#save")
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, list(path.parent.iterdir())
        time.sleep(0.05)
    return json.loads(path.read_text())


def lonely_joint(keypoints: list[list[float]]) -> int:
    """Find a joint in the photo that no other joint covers."""
    points = np.array(keypoints)
    for joint, (x, y) in enumerate(points):
        near = np.hypot(*(points - (x, y)).T) < 5
        if 8 < x < WIDTH - 8 and 8 < y < HEIGHT - 8 and near.sum() == 1:
            return joint
    raise AssertionError(keypoints)
