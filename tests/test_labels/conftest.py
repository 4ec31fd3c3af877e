"""Synthetic people, whose labels each format is written from."""

from pathlib import Path

import pytest

from label_files import synthetic_labels
from mmhg.labels import Labels


@pytest.fixture(scope="session")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """Two images, of one person and of two, in `root/images`. Tests do not write there."""
    return synthetic_labels(tmp_path_factory.mktemp("people"))


@pytest.fixture
def pictures(truth: Labels) -> Path:
    """The folder of the pictures."""
    return truth.root / "images"
