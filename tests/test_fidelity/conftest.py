"""The paper's config, and one thread, on which such small networks are fastest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.config import Config


@pytest.fixture(scope="session")
def paper() -> Config:
    return Config.fromfile(Path(__file__).parents[2] / "configs/hg8_mpii_256.py")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
