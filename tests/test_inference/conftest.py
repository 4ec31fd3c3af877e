"""Narrow networks with random weights, and images for them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmhg.config.catalog import get_config

SIZES = [(120, 160), (200, 90), (64, 64)]
"""Height and width of the pictures in px."""


class Trained(NamedTuple):
    """The files of a user: a config and a checkpoint."""

    config: Path
    checkpoint: Path


def stamped(height: int, width: int, number: int) -> np.ndarray:
    """Draw an image (height, width, 3) of eight stripes, the bits of a number."""
    bits = np.unpackbits(np.uint8([number])) * np.uint8(255)
    stripes = cv2.resize(bits[None], (width, height), interpolation=cv2.INTER_NEAREST)
    return cv2.cvtColor(stripes, cv2.COLOR_GRAY2BGR)


def stamps(video: Path) -> list[int]:
    """Read the numbers of a video's frames from their lowest rows."""
    capture = cv2.VideoCapture(str(video))
    numbers = []
    while (reading := capture.read())[0]:
        stripes = np.array_split(reading[1][-16:].mean(axis=(0, 2)), 8)
        bits = [stripe.mean() > 127 for stripe in stripes]
        numbers.append(int(np.packbits(bits)[0]))
    return numbers


@pytest.fixture(scope="session")
def make_network(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trained]:
    """Write one of mmhg's configs with two narrow stacks, and random weights."""
    folder = tmp_path_factory.mktemp("networks")
    made: dict[str, Trained] = {}

    def make(name: str) -> Trained:
        if name not in made:
            config = get_config(name)
            config.model.backbone.update(num_stacks=2, channels=16, stem_channels=(4, 8, 8))
            config.model.head.num_stages = 2
            made[name] = Trained(folder / f"{name}.py", folder / f"{name}.pth")
            config.dump(made[name].config)
            torch.save(dict(state_dict=random_state(config)), made[name].checkpoint)
        return made[name]

    return make


def random_state(config: Config) -> dict[str, torch.Tensor]:
    init_default_scope("mmpose")
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    for name, value in model.state_dict().items():
        if "running_mean" in name:
            value.normal_(std=0.1)
        if "running_var" in name:
            value.uniform_(0.5, 2)
    return model.state_dict()


@pytest.fixture(scope="session")
def trained(make_network: Callable[[str], Trained]) -> Trained:
    """Write a network of 16 joints at 128 px with UDP's codec."""
    return make_network("hg2_synthetic_128")


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write images of SIZES."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    paths = [folder / f"{name}.png" for name in "abc"]
    for path, (height, width) in zip(paths, SIZES, strict=True):
        coarse = rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
        cv2.imwrite(str(path), cv2.resize(coarse, (width, height)))
    return paths
