"""Check the measurements of a device, on the CPU."""

import pytest
import torch
from torch import nn

from mmhg.benchmark import device, training
from mmhg.benchmark.measure import Comparison, Measurement
from mmhg.models import HourglassBackbone


def test_rate_counts_two_operations_per_multiplication(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_seconds", lambda run, name, repetitions: (run(), 0.5)[1])
    rate = device.convolution_rate("cpu", layers=[(2, 8, 16), (1, 8, 16)], repetitions=1)
    # batch * pixels * kernel * channels in * channels out * 2, in half a second
    assert rate == 2 * 16**2 * 9 * 8 * 8 * 2 / 0.5


def test_repetitions_are_timed_and_warming_up_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    took = iter([100, 10, 10, *[2] * 4])

    def run() -> None:
        now[0] += next(took)

    monkeypatch.setattr(device.time, "perf_counter", lambda: now[0])
    assert device._seconds(run, "cpu", 4) == 2


def test_a_training_step_is_three_forward_passes() -> None:
    model = nn.Conv2d(3, 5, 3, padding=1)
    images = torch.zeros(2, 3, 8, 8)
    assert device.training_flops(model, images) == 3 * 2 * (2 * 8 * 8) * 5 * 3 * 9


def test_shares_of_the_peak_stand_in_the_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    model = HourglassBackbone(num_stacks=1, channels=16, stem_channels=(4, 8, 8)).eval()
    images = torch.zeros(2, 3, 64, 64)
    made = {
        name: training.TrainingRun(name, model, images, torch.zeros(2, 16, 16, 16))
        for name in ("plain", "ours, --amp")
    }
    flops = device.training_flops(model, images) / 2
    # The plain form needs 1 s per image, ours a quarter.
    table = Comparison(
        "steps", "ms per image", [Measurement("plain", 1000, 1), Measurement("ours, --amp", 250, 4)]
    )
    monkeypatch.setattr(training, "convolution_rate", lambda device: 8 * flops)
    monkeypatch.setattr(training, "cuda_peak", lambda step: 3 * 2**29)
    plain, ours = training.with_device_shares(table, made).rows
    assert plain.note.startswith("1 images/s, 12% of the ")
    assert ours.note.startswith("4 images/s, 50% of the ")
    assert ours.note.endswith("; 1.50 GiB besides weights and optimizer")
    assert ours.ratio == 4
