"""A batch through the network leaves random numbers, statistics and modes as they were."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from mmhg.engine.preflight.undisturbed import undisturbed


def draw() -> list[float]:
    return [random.random(), np.random.rand(), torch.rand(1).item()]


def test_everything_is_put_back_even_after_an_error() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout())
    model[1].eval()  # as a frozen layer is
    before = {name: value.clone() for name, value in model.state_dict().items()}
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    expected = draw()
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    with pytest.raises(ZeroDivisionError), undisturbed(model):
        draw()
        model.train()
        model(torch.randn(2, 3, 4, 4))
        assert not model[1].running_mean.equal(before["1.running_mean"])
        raise ZeroDivisionError
    assert draw() == expected
    assert [layer.training for layer in model] == [True, False, True]
    for name, value in model.state_dict().items():
        assert value.equal(before[name]), name
