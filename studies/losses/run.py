#!/usr/bin/env python
"""Train with each loss on two data sets; write one result file per training, and a table.

python -m studies.losses.run --openfield data/openfield --lspet data/lspet -o work_dirs/losses

What has a result file is not run again. Without a data set's folder only its results are shown.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner

from mmhg import get_config
from mmhg.utils.files import read_json, write_json, write_text
from mmhg.utils.table import table
from studies.openfield import run as openfield

_MASKED = dict(use_target_weight=True)
MSE = dict(_MASKED, type="KeypointMSELoss")
AWING = dict(_MASKED, type="AdaptiveWingLoss", loss_weight=0.08)
FOCAL = dict(_MASKED, type="FocalHeatmapLossWithLogits", loss_weight=1e-3)


def recipes(keypoints: int) -> dict[str, Any]:
    """Return `model.head.loss` by the name of each recipe, for a number of keypoints."""
    hard = dict(_MASKED, type="KeypointOHKMMSELoss", topk=keypoints // 2)
    return {
        "mse": MSE,
        "mse_unmasked": dict(MSE, use_target_weight=False),
        "ohkm": hard,
        "ohkm_last": [MSE, hard],
        "adaptive_wing": AWING,
        "focal": FOCAL,
    }


TITLES = {
    "mse": "MSE, masked",
    "mse_unmasked": "MSE, unmasked",
    "ohkm": "hard keypoints, all stacks",
    "ohkm_last": "hard keypoints, last stack",
    "adaptive_wing": "adaptive wing",
    "focal": "focal",
}
"""Say how the table names the recipes, in its order."""

LSPET_SCORES = {"EPE": "px", "PCK@0.2": "PCK@0.2", "fine/PCK@0.05": "PCK@0.05"}
OPENFIELD_SCORES = {"mean": "px", "median": "median, px", "p95": "95th percentile, px"}
"""Say what is measured on each data set, and how the table says it."""


def main() -> None:
    """Run what is missing, and write the table of all."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--openfield", type=Path, help="the folder with annotations.json")
    add("--lspet", type=Path, help="the folder with joints.mat and images/")
    add("-o", "--output", type=Path, default=Path("work_dirs/losses"))
    add("--only", nargs="+", choices=TITLES, default=list(TITLES), help="default: all losses")
    add("--folds", type=int, nargs="+", default=[0, 1], help="of openfield's five (default: 0 1)")
    add("--seeds", type=int, nargs="+", default=[0, 1], help="of LSPET's trainings (default: 0 1)")
    add("--openfield-epochs", type=int, default=40)
    add("--lspet-epochs", type=int, default=16)
    add("--people", type=int, default=2000, help="of LSPET that are trained on (default: 2000)")
    add("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.only:
        for fold in args.folds if args.openfield else ():
            once(args.output / "openfield" / name / f"{fold}.json", train_openfield, args, fold)
        for seed in args.seeds if args.lspet else ():
            once(args.output / "lspet" / name / f"{seed}.json", train_lspet, args, seed)
    report = summary(args.output)
    write_text(args.output / "table.md", report)
    print(report)


def once(path: Path, train: Callable[..., dict[str, Any]], args: Namespace, number: int) -> None:
    """Train and write the result file, unless there is one."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, train(args, path.parent, number))


def train_openfield(args: Namespace, folder: Path, fold: int) -> dict[str, Any]:
    """Fine-tune `hg2_lspet_128` on a fold of the mouse's frames; look twice at those it tests."""
    run = Namespace(
        data=args.openfield,
        output=folder,
        start="hg2_lspet_128",
        epochs=args.openfield_epochs,
        threads=args.threads,
    )
    loss = recipes(keypoints=4)[folder.name]
    found = openfield.run_fold(run, fold, {"model.head.loss": loss})
    errors = np.array(found["errors_px"]["two_pass"], dtype=float)
    errors = errors[np.isfinite(errors)]
    scores = dict(
        mean=errors.mean(), median=np.median(errors), p95=np.percentile(errors, 95, method="linear")
    )
    return dict(
        loss=loss,
        epochs=found["epochs"],
        training_samples=found["training_frames"],
        minutes=found["training_minutes"],
        threads=args.threads,
        scores={name: float(value) for name, value in scores.items()},
    )


def train_lspet(args: Namespace, folder: Path, seed: int) -> dict[str, Any]:
    """Train two slim stacks from scratch on the first of LSPET's training people."""
    config = get_config("hg2_lspet_128")
    loss = recipes(keypoints=14)[folder.name]
    config.merge_from_dict({"model.head.loss": loss})
    config.model.backbone.channels = 64
    config.work_dir = str(folder / f"seed{seed}")
    config.randomness = dict(seed=seed)
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.data_root = str(args.lspet)
        loader.update(num_workers=0, persistent_workers=False)
    config.train_dataloader.dataset.indices = args.people
    epochs = args.lspet_epochs
    config.train_cfg.update(max_epochs=epochs, val_begin=epochs + 1)
    config.param_scheduler[0].total_steps = epochs
    config.val_evaluator = [
        dict(type="TorsoPCKMetric"),
        dict(type="TorsoPCKMetric", threshold=0.05, prefix="fine"),
        dict(type="EPE"),
    ]
    start = time.monotonic()
    runner = Runner.from_cfg(config)
    runner.train()
    minutes = (time.monotonic() - start) / 60
    scores = runner.val_loop.run()
    return dict(
        loss=loss,
        epochs=epochs,
        training_samples=len(runner.train_dataloader.dataset),
        minutes=round(minutes, 2),
        threads=args.threads,
        scores={name: float(scores[name]) for name in LSPET_SCORES},
    )


def summary(folder: Path) -> str:
    """Lay out one row for each loss, of the result files alone: means over folds or seeds."""
    parts = []
    for data, names in (("openfield", OPENFIELD_SCORES), ("lspet", LSPET_SCORES)):
        rows = []
        for loss, title in TITLES.items():
            runs = [read_json(path) for path in sorted((folder / data / loss).glob("*.json"))]
            if runs:
                numbers = [np.mean([run["scores"][name] for run in runs]) for name in names]
                minutes = sum(run["minutes"] for run in runs)
                shown = [f"{number:.2f}" for number in numbers]
                rows.append([title, str(len(runs)), *shown, f"{minutes:.1f}"])
        if rows:
            header = ["loss", "trainings", *names.values(), "minutes in all"]
            parts.append(f"## {data}\n\n{table(header, rows, 'markdown')}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
