"""The device of the tests marked `gpu`: a GPU, and the CPU where there is none."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def device() -> Iterator[str]:
    """Return `cuda`, convolving in float32 rather than TF32, or `cpu`."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cudnn.allow_tf32 = before
