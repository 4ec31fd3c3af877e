"""Train a config's network for a number of minutes, and say what came of it."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmhg.checkpoints.writing import write_pytorch
from mmhg.engine.resuming import latest_checkpoint
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint

WEIGHTS = "weights.pth"


def prepare(config: Config, *, workers: int, miniature: bool) -> None:
    """Set mixed precision and the loaders' workers; in miniature also a tiny network and few data.

    Args:
        config: Changed in place.
        workers: Of the training loader; half as many, but one at least, validate.
        miniature: For a trial on a CPU: 16 channels, batches of 2, 4 validation batches, no worker.
    """
    config.optim_wrapper.type = "AmpOptimWrapper"
    for name, count in (("train", workers), ("val", max(1, workers // 2))):
        loader = config[f"{name}_dataloader"]
        count = 0 if miniature else count
        loader.update(num_workers=count, persistent_workers=count > 0)
        if miniature:
            loader.batch_size = 2
    if miniature:
        config.val_dataloader.dataset.indices = 8
        if config.model.backbone.type == "HourglassBackbone":
            config.model.backbone.update(channels=16, stem_channels=(4, 8, 8))


def check_data(name: str, config: Config) -> None:
    """Check that a config's annotation files are there, before anybody waits.

    Args:
        name: The config's, for the error.
        config: Its data sets are read later.

    Raises:
        InputError: One is missing.
    """
    for split in ("train", "val"):
        dataset = config[f"{split}_dataloader"].dataset
        path = os.path.join(dataset.get("data_root") or "", dataset.get("ann_file") or "")
        if not os.path.exists(path):
            raise InputError(
                f"{name}: there is no {path}, the {split} data of the config. Give --data-root, or "
                "leave out --train"
            )


def train(folder: Path, *, config: Config, minutes: float, rounds: int = 5) -> dict[str, Any]:
    """Train for some minutes with one cycle of the learning rate, validating each round.

    What was cut goes on after its last round. The folder gets what training writes, and
    `weights.pth`: the best checkpoint's weights alone, in half precision.

    Args:
        folder: For checkpoints and results.
        config: As `prepare` leaves it.
        minutes: As in `TimedTrainLoop`.
        rounds: As in `TimedTrainLoop`.
    """
    config = copy.deepcopy(config)
    config.work_dir = str(folder)
    config.train_cfg = dict(type="TimedTrainLoop", minutes=minutes, rounds=rounds)
    config.param_scheduler = None
    if last := latest_checkpoint(str(folder)):
        config.load_from, config.resume = last, True
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    runner = Runner.from_cfg(config)
    runner.train()
    scalars = runner.message_hub.log_scalars
    half = len(scalars["train/time"].data[0]) // 2 + 1
    seconds, waiting = (scalars[f"train/{name}"].mean(half) for name in ("time", "data_time"))
    batch = config.train_dataloader.batch_size
    best = runner.message_hub.runtime_info.get("best_ckpt") or latest_checkpoint(str(folder))
    assert best is not None  # each round saves one
    write_half(best, folder / WEIGHTS)
    return {
        "minutes": minutes,
        "batch": batch,
        "images_per_second": batch / seconds,
        "share_of_time_waiting_for_data": waiting / seconds,
        "passes": runner.iter * batch / len(runner.train_dataloader.dataset),
        "peak_memory_gib": (
            torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
        ),
        "scores": {
            name.removeprefix("val/"): float(values.current())
            for name, values in scalars.items()
            if name.startswith("val/") and not name.endswith("time")
        },
        "weights": f"{folder.name}/{WEIGHTS}",
    }


def write_half(checkpoint: str | Path, target: Path) -> None:
    """Write a checkpoint's weights in half precision, without its optimizer."""
    content = read_checkpoint(checkpoint)
    state = {
        name: value.half() if value.is_floating_point() else value
        for name, value in content["state_dict"].items()
    }
    write_pytorch(target, {"meta": content["meta"], "state_dict": state})
