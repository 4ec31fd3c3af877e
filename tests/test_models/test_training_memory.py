"""Check checkpointing by the bytes that are alive in a training step."""

import pytest
import torch

from mmhg.benchmark.memory import LiveBytes, peak_bytes
from mmhg.benchmark.training import training_runs

# A sixteenth of the paper's width and side: weights and activations in the same proportion.
SMALL = dict(channels=16, stem_channels=(4, 8, 8), num_keypoints=1)
KILOBYTE = 1024


def test_live_bytes_are_counted_by_storage() -> None:
    kept = torch.zeros(256)
    with LiveBytes([kept]) as found:
        a = torch.zeros(256)  # 1 KB
        b = a.view(16, 16)  # the same storage
        kept.add_(1)  # from before
        assert (found.live, found.peak) == (KILOBYTE, KILOBYTE)
        c = torch.zeros(512)
        assert found.live == 3 * KILOBYTE
        del a, c
        assert (found.live, found.peak) == (KILOBYTE, 3 * KILOBYTE)  # `b` keeps the storage
        del b
        assert (found.live, found.peak) == (0, 3 * KILOBYTE)


def test_live_bytes_see_saved_activations_and_gradients() -> None:
    weight = torch.ones(256, requires_grad=True)
    with LiveBytes([weight]) as found:
        saved = (weight * 2).exp()  # exp saves its result
        loss = saved.sum()
        del saved
        assert found.live == KILOBYTE + loss.nbytes
        loss.backward()
        del loss
        assert found.live == weight.grad.nbytes == KILOBYTE


@pytest.mark.parametrize("amp", ["", ", --amp"])
def test_checkpointing_needs_a_quarter(amp: str) -> None:
    names = ["plain", f"ours{amp}", f"ours{amp}, with_cp"]
    plain, ours, checkpointed = (
        peak_bytes(training_run) for _, training_run in training_runs(names, 8, 4, 64, **SMALL)
    )
    assert ours <= plain
    assert checkpointed < 0.25 * plain


@pytest.mark.parametrize("amp", ["", ", --amp"])
def test_local_supervision_needs_a_quarter_without_recomputing(amp: str) -> None:
    names = ["plain", f"ours{amp}, local", f"ours{amp}, local, with_cp"]
    plain, local, recomputed = (
        peak_bytes(training_run) for _, training_run in training_runs(names, 8, 4, 64, **SMALL)
    )
    assert local < 0.25 * plain
    assert recomputed < 0.2 * plain


def test_training_runs_are_the_same_network() -> None:
    losses, norms = [], []
    names = ["plain", "ours", "ours, with_cp"]
    for _, training_run in training_runs(names, 2, 4, 64, **SMALL):
        training_run.model.double()  # Batch norm over few pixels makes much of float32's rounding.
        training_run.images = training_run.images.double()
        losses.append(training_run.loss().item())
        training_run.backward()
        gradients = [parameter.grad for parameter in training_run.model.parameters()]
        norms.append(torch.nn.utils.get_total_norm(gradients).item())
        before = [p.detach().clone() for p in training_run.model.parameters()]
        training_run.step()
        assert any(
            not p.equal(b) for p, b in zip(training_run.model.parameters(), before, strict=True)
        )
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-6)
    assert norms[1:] == pytest.approx([norms[0]] * 2, rel=1e-4)
