"""Provide a narrow network with random weights, a picture, and the page's server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmhg.config.catalog import get_config
from mmhg.demo import DemoServer, RefinementDemo
from mmhg.demo.examples import Example

from .browser import Browser
from .browser import chromium as started_chromium

WIDTH, HEIGHT = 160, 120
STACKS = 3
MAX_UPLOAD = 200_000


class Trained(NamedTuple):
    """Hold the files of a config and a checkpoint."""

    config: Path
    checkpoint: Path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("network")
    files = Trained(folder / "narrow.py", folder / "narrow.pth")
    config = get_config("hg2_synthetic_128")
    config.model.backbone.update(num_stacks=STACKS, channels=16, stem_channels=(4, 8, 8))
    config.model.head.num_stages = STACKS
    config.dump(files.config)
    init_default_scope("mmpose")
    torch.manual_seed(0)
    state = MODELS.build(config.model).state_dict()
    for name, value in state.items():
        if "running_mean" in name:
            value.normal_(std=0.1)
        if "running_var" in name:
            value.uniform_(0.5, 2)
        if name.endswith("prediction.bias"):
            value.fill_(2)  # most joints are somewhere
    torch.save(dict(state_dict=state), files.checkpoint)
    return files


@pytest.fixture(scope="session")
def demo(trained: Trained) -> RefinementDemo:
    return RefinementDemo(trained.config, trained.checkpoint, device="cpu")


@pytest.fixture(scope="session")
def image() -> np.ndarray:
    """Draw coarse noise."""
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    return cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def photo(image: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "my photo.png"
    cv2.imwrite(str(path), image)
    return path


@pytest.fixture(scope="session")
def server(demo: RefinementDemo, photo: Path) -> Iterator[DemoServer]:
    examples = [Example(photo, [20.0, 10.0, 100.0, 90.0])]
    with DemoServer(demo, port=0, max_upload=MAX_UPLOAD, examples=examples) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the browser's folder; its `downloads` holds downloads."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="module")
def chromium(browser_folder: Path) -> Iterator[Browser]:
    with started_chromium(browser_folder) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, server: DemoServer) -> Iterator[Browser]:
    """Load the page anew; joints move at once. No script may fail."""
    chromium.resize(1280, 800)
    chromium.open(server.url)
    chromium.wait_for("document.querySelectorAll('#joints tbody tr').length === 17")
    yield chromium
    assert [line for line in chromium.errors() if "status of 4" not in line] == []


@pytest.fixture
def shown(page: Browser, photo: Path) -> Browser:
    """Load a photo into the page, as one person's."""
    page.type("#file", str(photo))
    page.wait_for("!document.querySelector('#save').disabled")
    page.wait_for("!document.querySelector('#stage').classList.contains('busy')")
    return page
