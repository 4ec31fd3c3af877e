"""Made annotation files and images."""

import json

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

import mmhg  # noqa: F401


@pytest.fixture(autouse=True)
def mmpose_scope():
    """Use mmpose's registry for pipelines, as in a config."""
    init_default_scope("mmpose")


def person(image="000000012.jpg", **changes):
    """Make one person in MMPose's MPII format, with all joints annotated."""
    joints = [[100.0 + 10 * k, 200.0 + 5 * k] for k in range(16)]
    fields = {
        "image": image,
        "center": [151.0, 121.0],
        "scale": 0.8,
        "joints": joints,
        "joints_vis": [1] * 16,
    }
    return {key: value for key, value in (fields | changes).items() if value is not ...}


@pytest.fixture
def make_person():
    """Make a `person`; fields can be given, `...` leaves one out."""
    return person


@pytest.fixture
def annotation_file(tmp_path):
    """Write people to a file and give its path."""

    def write(people, name="mpii_val.json"):
        path = tmp_path / name
        path.write_text(people if isinstance(people, str) else json.dumps(people))
        return str(path)

    return write


@pytest.fixture
def picture(tmp_path):
    """Write a textured image of 300x240 px and give its path."""

    def write(name="images/000000012.jpg", seed=0):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 256, (240, 300, 3), np.uint8)
        assert cv2.imwrite(str(path), cv2.GaussianBlur(noise, (9, 9), 3))
        return path

    return write
