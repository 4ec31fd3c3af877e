"""Time inference: the plain network against our forms of it, all with the same weights.

Shape shorthand in this module: N images, K keypoints.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmhg.benchmark.measure import Candidate, Comparison, compare
from mmhg.benchmark.plain import PlainHourglass, randomize_statistics
from mmhg.errors import InputError
from mmhg.export.formats import INPUT_NAME, Job, find_format
from mmhg.models import HourglassBackbone
from mmhg.nn import FoldedHourglass
from mmhg.nn.folded import compiled

Forward = Callable[[Tensor], Tensor]

_GOALS = {
    "fast": (1.55, 1.65),
    "fast, compiled": (1.7, 1.8),
    "fast, bfloat16": (3.1, 3.9),
    "ONNX Runtime": (1.65, 1.65),
    "OpenVINO": (2.0, 2.0),
}
"""For batch 1 and for larger batches."""


def run(
    seconds: float = 10.0,
    *,
    stacks: Sequence[int] = (2, 8),
    batches: Sequence[int] = (1, 4),
    compile_up_to: int = 2,
    peers: Sequence[str] = (),
    size: int = 256,
    devices: Sequence[str] = (),
    exports: bool = True,
    **settings: Any,
) -> list[Comparison]:
    """Time networks from images to the last heatmaps, on the CPU and a CUDA device.

    Args:
        seconds: Time for each comparison.
        stacks: Numbers of stacks.
        batches: Batch sizes.
        compile_up_to: Largest number of stacks that `torch.compile` compiles. Eight stacks take a
            minute for each batch size on a CPU.
        peers: Other implementations, as `load_peer` takes them.
        size: Side of the images in px.
        devices: Some of `cpu` and `cuda`; empty for the CPU, and a CUDA device if there is one.
        exports: On the CPU, also time what ONNX Runtime and OpenVINO run.
        **settings: Further settings of `HourglassBackbone`.
    """
    others = {name: load_peer(name) for name in peers}
    devices = devices or (["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])
    comparisons = []
    for num_stacks, device in product(stacks, devices):
        torch.manual_seed(0)
        backbone = HourglassBackbone(num_stacks=num_stacks, **settings)
        randomize_statistics(backbone)
        backbone.to(device).eval()
        plain = PlainHourglass(backbone.state_dict()).to(device).eval()
        with TemporaryDirectory() as folder:
            for batch in batches:
                images = torch.rand(batch, 3, size, size, device=device)
                with torch.no_grad():
                    forms = _forms(backbone, plain, num_stacks <= compile_up_to)
                    if device == "cpu":
                        if exports:
                            forms |= _exported(backbone, images, Path(folder))
                        forms |= {name: peer(num_stacks) for name, peer in others.items()}
                    comparisons.append(_compare(forms, images, num_stacks, seconds))
    return comparisons


def _forms(
    backbone: HourglassBackbone, plain: PlainHourglass, compiles: bool
) -> dict[str, Forward]:
    """Return all forms that torch runs. On CUDA each compiled form is replayed as a CUDA graph."""
    fast, low = FoldedHourglass(backbone), FoldedHourglass(backbone, torch.bfloat16)
    forms: dict[str, Forward] = {
        "plain": lambda x: plain(x)[-1],
        "ours, as it trains": lambda x: backbone(x)[-1],
        "fast": lambda x: fast(x)[0],
        "fast, bfloat16": lambda x: low(x)[0],
    }
    if compiles:
        torch.compiler.reset()
        programs = compiled(fast), compiled(low)
        forms["fast, compiled"] = lambda x: programs[0](x)[0]
        forms["fast, bfloat16, compiled"] = lambda x: programs[1](x)[0]
    return forms


def _exported(backbone: HourglassBackbone, images: Tensor, folder: Path) -> dict[str, Forward]:
    """Return the forms of ONNX Runtime and OpenVINO, if they are installed."""
    threads = torch.get_num_threads()
    forms: dict[str, Forward] = {}
    if path := _write("onnx", backbone, images, folder):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        forms["ONNX Runtime"] = lambda x: torch.from_numpy(
            session.run(None, {INPUT_NAME: x.numpy()})[0]
        )
    if path := _write("openvino", backbone, images, folder):
        import openvino

        for name, precision in {"OpenVINO": "f32", "OpenVINO, bfloat16": "bf16"}.items():
            settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
            program = openvino.Core().compile_model(path, "CPU", settings)
            forms[name] = _openvino_forward(program)
    return forms


def _write(name: str, backbone: HourglassBackbone, images: Tensor, folder: Path) -> Path | None:
    """Export the fast form for any batch size; return None if the format is not installed."""
    try:
        form = find_format(name)
    except InputError:
        return None
    job = Job(
        network=FoldedHourglass(backbone),
        images=torch.rand(2, *images.shape[1:]),
        path=folder / form.file,
        output_names=["heatmaps"],
        dynamic_batch=True,
        half=False,
        metadata={},
    )
    form.write(job)
    return job.path


def _openvino_forward(program: Callable) -> Forward:
    return lambda x: torch.from_numpy(np.array(program([x.numpy()])[0]))


def load_peer(name: str) -> Callable[[int], Forward]:
    """Import another implementation, to time it with ours.

    Args:
        name: `module:callable`. The callable takes the number of stacks and returns a function from
            images (N, 3, H, W) to the last heatmaps, or to a list that ends with them.

    Raises:
        InputError: There is no such callable.
    """
    module, _, attribute = name.partition(":")
    try:
        build = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"--peer {name}: {error}; give module:callable, where callable(num_stacks) returns the "
            "network in evaluation mode"
        ) from error

    def of_size(num_stacks: int) -> Forward:
        network = build(num_stacks)

        def forward(images: Tensor) -> Tensor:
            output = network(images)
            return output if isinstance(output, Tensor) else output[-1]

        return forward

    return of_size


def _compare(
    forms: dict[str, Forward], images: Tensor, num_stacks: int, seconds: float
) -> Comparison:
    def run(forward: Forward) -> Tensor:
        output = forward(images)
        if images.is_cuda:
            torch.cuda.synchronize()
        return output

    expected = run(forms["plain"]).clone()
    extent = float(expected.max() - expected.min())
    candidates = []
    for name, forward in forms.items():
        deviation = float((run(forward) - expected).abs().max()) / extent
        goals = _GOALS.get(name)
        candidates.append(
            Candidate(
                name,
                run=lambda forward=forward: run(forward),  # type: ignore[misc]
                units=len(images),
                goal=goals[len(images) > 1] if goals and not images.is_cuda else None,
                note="" if name == "plain" else f"deviation {deviation:.0e} of the range",
            )
        )
    noun = "stack" if num_stacks == 1 else "stacks"
    title = f"{num_stacks} {noun}, {images.shape[-1]} px, batch {len(images)}, {images.device.type}"
    return compare(title, "image", candidates, seconds=seconds, min_rounds=3)
