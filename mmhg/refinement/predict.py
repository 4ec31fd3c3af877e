"""Predictions after each stack, from one pass through the network.

Shape shorthand in this module: S stacks, N images, K keypoints, H x W px of the heatmaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmpose.structures import PoseDataSample
from torch import Tensor, nn

from mmhg.errors import InputError
from mmhg.models import HourglassBackbone, MultiStageHeatmapHead

Forward = Callable[[Tensor], Sequence[Tensor]]


@torch.no_grad()
def predict_each_stack(model: Any, batch: dict[str, Any]) -> list[list[PoseDataSample]]:
    """What the model would predict if it ended after its first stack, its second and so on.

    Everything behind the network is the model's own: flip test, multi-scale testing, decoding. The
    network runs once (twice with the flip test); each stack's heatmaps then take the last's place.

    Args:
        model: A pose estimator in evaluation mode, as `check_stacks` wants it. A fast form that
            `FastInferenceHook` has put in place is passed over: it has the last heatmaps alone.
        batch: What `model.test_step` takes. It stays as it is: data preprocessors make new samples.

    Returns:
        For each of the S stacks what `test_step` gives, N samples.

    Raises:
        InputError: As `check_stacks`.
    """
    backbone = check_stacks(model)
    calls: list[Sequence[Tensor]] = []

    def record(images: Tensor) -> Sequence[Tensor]:
        calls.append(HourglassBackbone.forward(backbone, images))
        return calls[-1][:1]

    def replay(stack: int) -> Forward:
        recorded = iter(calls)
        return lambda images: next(recorded)[stack : stack + 1]

    predictions = []
    for stack in range(backbone.num_stacks):
        with answering(backbone, replay(stack) if stack else record):
            predictions.append(model.test_step(batch))
    return predictions


def check_stacks(model: Any) -> HourglassBackbone:
    """The backbone of a model whose every stack predicts heatmaps.

    Raises:
        InputError: The model is another; the message says what it is.
    """
    backbone, head = getattr(model, "backbone", None), getattr(model, "head", None)
    if not isinstance(backbone, HourglassBackbone) or backbone.output != "heatmaps":
        output = getattr(backbone, "output", None)
        raise InputError(
            "predictions after each stack need a HourglassBackbone with output='heatmaps', the "
            f"config's backbone is a {type(backbone).__name__}"
            + (f" with output={output!r}" if output else "")
        )
    if not isinstance(head, MultiStageHeatmapHead) or next(head.parameters(), None) is not None:
        layers = " with layers of its own" if isinstance(head, MultiStageHeatmapHead) else ""
        raise InputError(
            "predictions after each stack need a MultiStageHeatmapHead with final_layer=None, the "
            f"config's head is a {type(head).__name__}{layers}"
        )
    if getattr(model, "with_neck", False):
        raise InputError("predictions after each stack need a model without a neck")
    return backbone


@contextmanager
def answering(backbone: nn.Module, forward: Forward) -> Iterator[None]:
    """Let `forward` answer in the backbone's place for the length of a `with` block."""
    attributes = vars(backbone)
    before = attributes.get("forward")
    # What `backbone.compile()` made would be called in place of `forward`.
    program, backbone._compiled_call_impl = backbone._compiled_call_impl, None
    attributes["forward"] = forward
    try:
        yield
    finally:
        backbone._compiled_call_impl = program
        if before is None:
            del attributes["forward"]
        else:
            attributes["forward"] = before
