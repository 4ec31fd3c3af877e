"""Time a training step: forward, loss, backward, optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from mmhg.benchmark.device import convolution_rate, cuda_peak, training_flops
from mmhg.benchmark.measure import Candidate, Comparison, compare
from mmhg.benchmark.plain import PlainHourglass
from mmhg.engine import AmpOptimWrapper
from mmhg.models import HourglassBackbone

AMP_GOAL = 2.5
CUDA_GOAL = 3.0


class TrainingRun:
    """Train a network on one batch, in the mode that the name describes.

    Args:
        name: `plain` or `ours`, then any of `--amp`, `with_cp`, `compiled`, with commas.
        model: Maps images to the heatmaps of every stack.
        images: (N, 3, H, W).
        targets: (N, K, H / 4, W / 4).
    """

    def __init__(self, name: str, model: nn.Module, images: Tensor, targets: Tensor) -> None:
        self.model = model.to(images.device).train()
        self.images = images
        self.targets = targets
        if name.startswith("ours"):
            self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if "compiled" in name:
            self.model.compile(dynamic=False)
        wrapper = AmpOptimWrapper if "--amp" in name else OptimWrapper
        # The paper's optimizer.
        optimizer = torch.optim.RMSprop(model.parameters(), lr=2.5e-4, alpha=0.99, eps=1e-8)
        self.wrapper = wrapper(optimizer=optimizer)

    def loss(self) -> Tensor:
        """Compute the sum over the stacks of the mean square over all elements."""
        with self.wrapper.optim_context(self.model):
            squares = [
                (out.float() - self.targets).square().mean() for out in self.model(self.images)
            ]
            return torch.stack(squares).sum()

    def backward(self) -> None:
        """Run a forward and a backward pass alone."""
        self.wrapper.backward(self.loss())

    def step(self) -> None:
        """Run one training step and wait until the device has finished it."""
        self.wrapper.update_params(self.loss())
        if self.images.is_cuda:
            torch.cuda.synchronize()


def training_runs(
    names: Sequence[str],
    num_stacks: int,
    batch: int,
    size: int,
    *,
    device: str = "cpu",
    **backbone: Any,
) -> Iterator[tuple[str, TrainingRun]]:
    """Make the named runs, one at a time, all from the same weights and on the same batch."""
    torch.manual_seed(0)
    settings = dict(num_stacks=num_stacks, **backbone)
    state = HourglassBackbone(**settings).state_dict()
    keypoints = len(state["stacks.0.prediction.weight"])
    images = torch.rand(batch, 3, size, size, device=device)
    targets = torch.rand(batch, keypoints, size // 4, size // 4, device=device)
    for name in names:
        model: nn.Module
        if name.startswith("plain"):
            model = PlainHourglass(state)
        else:
            model = HourglassBackbone(**settings, with_cp="with_cp" in name)
            model.load_state_dict(state)
        yield name, TrainingRun(name, model, images, targets)


def with_device_shares(table: Comparison, made: Mapping[str, TrainingRun]) -> Comparison:
    """Add each row's share of the device's bfloat16 convolution peak, and its memory.

    Args:
        table: Training steps, ms per image.
        made: The timed runs, on a CUDA device.
    """
    peak = convolution_rate("cuda")
    plain = next(iter(made.values()))
    flops = training_flops(plain.model, plain.images) / len(plain.images)
    rows = []
    for row in table.rows:
        share = flops / (row.value / 1e3) / peak
        memory = cuda_peak(made[row.name].step) / 2**30
        note = (
            f"{share:.0%} of the {peak / 1e12:.3g} TFLOP/s of bfloat16 convolutions alone; "
            f"{memory:.2f} GiB besides weights and optimizer"
        )
        rows.append(replace(row, note=note))
    return replace(table, rows=rows)


def run(
    seconds: float = 10.0,
    *,
    sizes: Sequence[tuple[int, int]] = ((2, 4), (8, 2)),
    cuda_sizes: Sequence[tuple[int, int]] = ((1, 32), (2, 32), (2, 128), (8, 32), (8, 64)),
    size: int = 256,
    **backbone: Any,
) -> list[Comparison]:
    """Time training steps on the CPU, and on a CUDA device if there is one.

    Args:
        seconds: Time for each comparison.
        sizes: (stacks, batch) on the CPU.
        cuda_sizes: The same on a CUDA device.
        size: Side of the images in px.
        **backbone: Other settings of `HourglassBackbone`.
    """

    def timed(device: str, goals: dict[str, float | None], stacks: int, batch: int) -> Comparison:
        made = dict(training_runs(list(goals), stacks, batch, size, device=device, **backbone))
        candidates = [
            Candidate(name, training_run.step, units=batch, goal=goals[name])
            for name, training_run in made.items()
        ]
        noun = "stack" if stacks == 1 else "stacks"
        title = f"Training step on {device}, {stacks} {noun} at {size} px, batch {batch}"
        table = compare(title, "image", candidates, seconds=seconds, min_rounds=3)
        return with_device_shares(table, made) if device == "cuda" else table

    on_cpu = {
        "plain": None,
        "ours": None,
        "ours, --amp": AMP_GOAL,
        "ours, --amp, with_cp": None,
    }
    tables = [timed("cpu", on_cpu, *one) for one in sizes]
    if torch.cuda.is_available():
        on_cuda = {
            "plain": None,
            "ours": None,
            "ours, --amp": None,
            "ours, --amp, compiled": CUDA_GOAL,
            "ours, --amp, with_cp, compiled": None,
        }
        tables += [timed("cuda", on_cuda, *one) for one in cuda_sizes]
    return tables
