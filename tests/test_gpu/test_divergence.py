"""Numbers of a GPU that are not finite are found without waiting for it in each step."""

import pytest
import torch

from mmhg.engine.divergence.finite import all_finite, not_finite
from mmhg.engine.divergence.later import LaterBool, Pending, Step

pytestmark = pytest.mark.gpu


def test_a_bad_step_is_known_when_the_device_is_waited_for(device) -> None:
    weights = [torch.ones(1000, 1000, device=device), torch.ones(3, device=device)]
    pending, bad = Pending(), []
    for iteration in range(1, 6):
        if iteration == 4:
            weights[1][2] = torch.nan
        pending.add(LaterBool(all_finite(weights)), Step(iteration, 1, "batch", {}))
        weights[0] = weights[0] @ weights[0] / 1000
        bad += pending.pop_bad(wait=False)
    bad += pending.pop_bad(wait=True)
    assert [step.iteration for step in bad] == [4, 5]
    assert not_finite([("a", weights[0]), ("b", weights[1])]) == ["b"]
