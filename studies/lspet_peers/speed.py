"""Time all networks in turns: `python -m studies.lspet_peers.speed -o FILE.json`.

On one CPU core: one image in PyTorch (as trained, and in a form with folded batch norms) and in
ONNX Runtime, and a training step of 16 people. The networks take turns, so that other work on the
machine slows all of them alike. Times do not depend on the weights, which are not trained.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import onnxruntime
import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.models.pose_estimators.base import BasePoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from mmhg.benchmark.measure import Candidate, Comparison, compare
from mmhg.benchmark.plain import randomize_statistics
from mmhg.benchmark.report import machine
from mmhg.errors import InputError
from mmhg.export.formats import INPUT_NAME, Job, write_onnx
from mmhg.export.graph import HeatmapNetwork
from mmhg.utils.files import write_json
from mmhg.utils.table import table
from studies.lspet_peers.networks import NETWORKS, OURS, load

FORMS = ("PyTorch", "PyTorch, folded", "ONNX Runtime")
TRAINING = "training step"
BASELINE = "hg2"
DEVIATION = 1e-3
"""Of the plain network's range: what another form of it may differ by."""


def build(config: Config) -> BasePoseEstimator:
    """Build a network with weights of its initialization, and statistics like a trained one's."""
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    randomize_statistics(model)
    return model


def inference_forms(
    name: str, config: Config, images: Tensor, folder: Path
) -> dict[str, Callable[[], Any]]:
    """Return a network's forms, each of which computes its heatmaps for the same images.

    Folded are ours by `mmhg.nn.FoldedHourglass`, others by mmcv's `fuse_conv_bn`; what is exported
    is the folded form.

    Raises:
        InputError: A form computes something else than the plain network.
    """
    model = build(config).eval()
    plain = HeatmapNetwork(model)
    ours = name in OURS
    folded = HeatmapNetwork(model if ours else fuse_conv_bn(deepcopy(model)), fuse=ours)
    path = folder / f"{name}.onnx"
    write_onnx(Job(folded, images, path, ["heatmaps"], False, False, {}))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    pixels = images.numpy()
    forms: dict[str, Callable[[], Any]] = {
        FORMS[0]: torch.inference_mode()(lambda: plain(images)[0]),
        FORMS[1]: torch.inference_mode()(lambda: folded(images)[0]),
        FORMS[2]: lambda: torch.from_numpy(session.run(None, {INPUT_NAME: pixels})[0]),
    }
    expected = forms[FORMS[0]]()
    for form, run in forms.items():
        deviation = float((run() - expected).abs().max() / (expected.max() - expected.min()))
        if not deviation < DEVIATION:
            raise InputError(f"{name}, {form}: deviates by {deviation:.1e} of the range")
    return forms


def training_step(config: Config) -> Callable[[], Any]:
    """Return a step on made people, with the optimizer and the precision of the config."""
    model = build(config).train()
    model.to(memory_format=torch.channels_last)
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    batch = made_batch(config, config.train_dataloader.batch_size)
    return lambda: model.train_step(batch, wrapper)


def made_batch(config: Config, size: int) -> dict[str, Any]:
    """Make images of noise and targets of noise, as a data loader gives them."""
    (width, height), heatmap = config.codec.input_size, config.codec.heatmap_size
    keypoints = config.model.backbone.get("num_keypoints") or config.model.head.out_channels
    samples = []
    for _ in range(size):
        sample = PoseDataSample()
        sample.gt_fields = PixelData(heatmaps=torch.rand(keypoints, *heatmap[::-1]))
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, keypoints))
        samples.append(sample)
    images = torch.randint(0, 256, (size, 3, height, width), dtype=torch.uint8)
    return dict(inputs=images, data_samples=samples)


def time_inference(names: Sequence[str], seconds: float) -> dict[str, dict[str, float]]:
    """Return ms for one image by network and form; the medians of at least 5 rounds."""
    with TemporaryDirectory() as folder:
        candidates = []
        for name in names:
            config = load(name)
            width, height = config.codec.input_size
            images = torch.rand(1, 3, height, width)
            forms = inference_forms(name, config, images, Path(folder))
            candidates += [Candidate(f"{name}: {form}", run) for form, run in forms.items()]
        return by_network(compare("inference", "image", candidates, seconds=seconds))


def time_training(names: Sequence[str], seconds: float) -> dict[str, dict[str, float]]:
    """Return ms for a training step by network; the medians of at least 5 rounds."""
    candidates = [Candidate(f"{name}: {TRAINING}", training_step(load(name))) for name in names]
    return by_network(compare("training", "step", candidates, seconds=seconds))


def by_network(comparison: Comparison) -> dict[str, dict[str, float]]:
    """Sort the rows of a comparison into networks and forms."""
    times: dict[str, dict[str, float]] = {}
    for row in comparison.rows:
        name, form = row.name.split(": ")
        times.setdefault(name, {})[form] = round(row.value, 2)
    return times


def main() -> None:
    """Measure, print and write."""
    parser = ArgumentParser(prog="python -m studies.lspet_peers.speed", description=__doc__)
    add = parser.add_argument
    add("-o", "--output", type=Path, required=True, metavar="FILE.json")
    add("--only", metavar="NAMES", help=f"of {', '.join(NETWORKS)}")
    add("--seconds", type=float, default=60, help="for each of two parts (default: %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    names = args.only.split(",") if args.only else list(NETWORKS)
    times = time_inference(names, args.seconds)
    for name, steps in time_training(names, args.seconds).items():
        times[name] |= steps
    write_json(args.output, {"milliseconds": times, "machine": machine()})
    header = ["ms", *FORMS, TRAINING]
    print(
        table(header, [[n, *(f"{t[form]:.1f}" for form in header[1:])] for n, t in times.items()])
    )


if __name__ == "__main__":
    main()
