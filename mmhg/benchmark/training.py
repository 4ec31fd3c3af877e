"""Time a training step: forward, loss, backward, optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
from mmhg.nn import StackedHourglass, local_backward

AMP_GOAL = 2.5
CUDA_GOAL = 3.0

Rows = Mapping[str, float | None]
"""The runs of a table by name, each with the ratio that it should reach."""

ON_CPU: Rows = {
    "plain": None,
    "ours": None,
    "ours, --amp": AMP_GOAL,
    "ours, --amp, with_cp": None,
}
ON_CUDA: Rows = {
    "plain": None,
    "plain, float32": None,
    "ours": None,
    "ours, float32": None,
    "ours, --amp, NCHW": None,
    "ours, --amp": None,
    "ours, --amp, with_cp": None,
}
COMPILED: Rows = {
    "plain": None,
    "ours, --amp, compiled": CUDA_GOAL,
    "ours, --amp, with_cp, compiled": None,
}
"""On CUDA devices; a compilation takes from half a minute to minutes."""


class TrainingRun:
    """Train a network on one batch, in the mode that the name describes.

    Args:
        name: `plain` or `ours`, then any of `float32`, `NCHW`, `--amp`, `local`, `with_cp`,
            `compiled`, with commas. Without `float32` CUDA devices convolve in TF32, PyTorch's
            default. `ours` is laid out channels last unless the name has `NCHW`. `local` lets each
            stack learn from its own loss, at once.
        model: Maps images to the heatmaps of every stack.
        images: (N, 3, H, W).
        targets: (N, K, H / 4, W / 4).
    """

    def __init__(self, name: str, model: nn.Module, images: Tensor, targets: Tensor) -> None:
        self.model = model.to(images.device).train()
        self.images = images
        self.targets = targets
        self.exact = "float32" in name
        self.local = "local" in name
        if name.startswith("ours") and "NCHW" not in name:
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
            return self._squares(self.model(self.images))

    def backward(self) -> None:
        """Run a forward and a backward pass alone."""
        with _tf32(not self.exact):
            if self.local:
                assert isinstance(self.model, StackedHourglass)
                with self.wrapper.optim_context(self.model):
                    backward = self.wrapper.backward
                    local_backward(self.model, self.images, self._squares, backward=backward)
            else:
                self.wrapper.backward(self.loss())

    def step(self) -> None:
        """Run one training step and wait until the device has finished it."""
        self.backward()
        self.wrapper.step()
        self.wrapper.zero_grad()
        if self.images.is_cuda:
            torch.cuda.synchronize()

    def _squares(self, outputs: Sequence[Tensor]) -> Tensor:
        squares = [(out.float() - self.targets).square().mean() for out in outputs]
        return torch.stack(squares).sum()


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    """Let CUDA devices convolve in TF32, or in float32 alone."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


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
            f"{1e3 / row.value:.4g} images/s, {share:.0%} of the {peak / 1e12:.3g} TFLOP/s of "
            f"bfloat16 convolutions alone; {memory:.2f} GiB besides weights and optimizer"
        )
        rows.append(replace(row, note=note))
    return replace(table, rows=rows)


def compare_steps(
    rows: Rows,
    num_stacks: int,
    batch: int,
    *,
    seconds: float = 10.0,
    size: int = 256,
    device: str = "cpu",
    **backbone: Any,
) -> Comparison:
    """Time training steps of the named runs in turns, all from the same weights and batch.

    On a CUDA device, cuDNN chooses the fastest algorithm of each layer for all rows, as it does in
    training with our configs, and the notes have rate, share of the device's peak, and memory.

    Args:
        rows: Names as `TrainingRun` takes them, with goals. The first is the baseline.
        num_stacks: Number of stacks.
        batch: Number of images.
        seconds: Time for the comparison.
        size: Side of the images in px.
        device: `cpu` or `cuda`.
        **backbone: Other settings of `HourglassBackbone`.
    """
    torch.backends.cudnn.benchmark = True
    made = dict(training_runs(list(rows), num_stacks, batch, size, device=device, **backbone))
    candidates = [
        Candidate(name, training_run.step, units=batch, goal=rows[name])
        for name, training_run in made.items()
    ]
    noun = "stack" if num_stacks == 1 else "stacks"
    title = f"Training step on {device}, {num_stacks} {noun} at {size} px, batch {batch}"
    table = compare(title, "image", candidates, seconds=seconds, min_rounds=3)
    return with_device_shares(table, made) if device == "cuda" else table


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
    settings: dict[str, Any] = dict(seconds=seconds, size=size, **backbone)
    tables = [compare_steps(ON_CPU, *one, **settings) for one in sizes]
    if torch.cuda.is_available():
        rows = {**ON_CUDA, **COMPILED}
        tables += [compare_steps(rows, *one, device="cuda", **settings) for one in cuda_sizes]
    return tables
