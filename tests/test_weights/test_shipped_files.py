"""The files that come with the package: whole, small, and what their cards say."""

import hashlib
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhg import Predictor
from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.checkpoints.safetensors_file import read_safetensors
from mmhg.checkpoints.shipped import DEFAULT, FOLDER, shipped_weights
from mmhg.config.catalog import get_config
from mmhg.models.loading import load_model

LARGEST = 4_000_000
"""Bytes."""

WIDTH, HEIGHT = 160, 240


def test_the_default_is_there() -> None:
    assert DEFAULT in shipped_weights()


def test_each_has_a_card_and_nothing_else_is_there() -> None:
    names = {path.name for path in FOLDER.glob("*")}
    assert names == {
        f"{name}{kind}" for name in shipped_weights() for kind in (".safetensors", ".md")
    }


each = pytest.mark.parametrize(("name", "path"), shipped_weights().items())


def row(card: Path, label: str) -> str:
    """Read a row of the card's tables."""
    (value,) = re.findall(rf"^\| {label} +\| +(.*?) +\|$", card.read_text("utf-8"), re.MULTILINE)
    return value.strip("`")


@each
def test_the_card_is_of_this_file(name: str, path: Path) -> None:
    card = path.with_suffix(".md")
    weights = fingerprint(load_model(get_config(name), path).state_dict())
    meta = read_safetensors(path)["meta"]
    assert row(card, "weights") == weights == meta["weights"]
    assert row(card, "config") == name == meta["config"]
    assert row(card, "SHA-256") == hashlib.sha256(path.read_bytes()).hexdigest()
    assert int(row(card, "bytes").replace(",", "")) == path.stat().st_size <= LARGEST
    text = card.read_text("utf-8")
    assert "## Results" in text and "with flip test" in text
    assert "- to cite: " in text and "- license: " in text


@each
def test_a_person_in_a_made_picture(name: str, path: Path) -> None:
    """Joints are inside of the crop: the picture, padded by the config."""
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.circle(image, (80, 50), 22, (150, 180, 220), -1)
    cv2.rectangle(image, (55, 75), (105, 150), (40, 40, 160), -1)
    for side in (-1, 1):
        cv2.line(image, (80 + 18 * side, 150), (80 + 25 * side, 225), (120, 60, 40), 16)
        cv2.line(image, (80 + 25 * side, 82), (80 + 55 * side, 140), (150, 180, 220), 12)
    predictor = Predictor(name, device="cpu")
    keypoints, scores = predictor(image)
    number = predictor.dataset_meta["num_keypoints"]
    assert (keypoints.shape, scores.shape) == ((1, number, 2), (1, number))
    assert np.isfinite(keypoints).all() and np.isfinite(scores).all()
    center, half = np.array([WIDTH, HEIGHT]) / 2, 1.25 * HEIGHT / 2
    assert (np.abs(keypoints[0] - center) <= half + 1).all()
    assert np.ptp(keypoints[0], axis=0).min() > 1  # not all in one place
