"""Results of a device that is behind."""

import torch

from mmhg.engine.divergence.later import KEPT, LaterBool, Pending, Step


class Behind(LaterBool):
    """A result that is not there before one waits for it."""

    def ready(self) -> bool:
        return False


def step(iteration: int) -> Step:
    return Step(iteration, 1, batch=f"batch {iteration}", losses={})


def test_on_the_cpu_a_step_is_known_at_once() -> None:
    pending = Pending()
    for iteration, finite in enumerate([True, False, True], 1):
        pending.add(LaterBool(torch.tensor(finite)), step(iteration))
        bad = [one.iteration for one in pending.pop_bad(wait=False)]
        assert bad == ([] if finite else [iteration])
    assert pending.pop_bad(wait=True) == []


def test_a_device_that_is_behind_is_waited_for_only_when_asked() -> None:
    pending = Pending()
    for iteration in range(1, 11):
        pending.add(Behind(torch.tensor(iteration not in (3, 9))), step(iteration))
        assert pending.pop_bad(wait=False) == []
    bad = pending.pop_bad(wait=True)
    assert [(one.iteration, one.batch) for one in bad] == [(3, None), (9, "batch 9")]
    assert 10 - 9 < KEPT <= 10 - 3
