#!/usr/bin/env python
"""Train and test a mouse's keypoints in 5 folds; write one result file per fold, and a table.

python studies/openfield/run.py data/openfield -o work_dirs/openfield
python studies/openfield/run.py data/openfield -o work_dirs/openfield --start hg2_lspet_128

The folder is DeepLabCut's project. Fold f tests frames f, f + 5, f + 10, ... of its labels, which
annotations.json in the output has in COCO's format, and trains on the others. A fold that has a
result file is not run again.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.runner import Runner

from mmhg import Predictor, get_config
from mmhg.inference import TwoPass
from mmhg.labels import read_labels
from mmhg.own_points import made_boxes
from mmhg.own_points.coco_content import coco_content
from mmhg.utils.files import read_json, write_json, write_text
from mmhg.utils.table import table

CONFIG = Path(__file__).with_name("config.py")
ANNOTATIONS = "annotations.json"
PROTOCOLS = {
    "two_pass": "whole frame, then a crop about what was found",
    "whole": "whole frame",
    "true_boxes": "boxes from the truth",
}
"""Say where the network looks, and how a table says it."""


def main() -> None:
    """Run the folds that are missing, and write the table of all."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="DeepLabCut's project")
    parser.add_argument("-o", "--output", type=Path, default=Path("work_dirs/openfield"))
    parser.add_argument("--start", help="weights to start from (default: from scratch)")
    parser.add_argument("--folds", type=int, nargs="+", default=range(5), help="default: all five")
    parser.add_argument("--epochs", type=int, help="default: the config's")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    write_annotations(args.data, args.output / ANNOTATIONS)
    for fold in args.folds:
        path = args.output / start_name(args) / f"fold{fold}.json"
        if not path.is_file():
            write_json(path, run_fold(args, fold))
    report = summary(args.output)
    write_text(args.output / "table.md", report + "\n")
    print(report)


def write_annotations(project: Path, path: Path) -> None:
    """Write the labels of a project in COCO's format, all in one file."""
    labels = read_labels(project)
    boxes, _ = made_boxes(labels.images, padding=0.0)
    content = coco_content(
        labels, labels.images, boxes, lambda image: image.path.relative_to(labels.root).as_posix()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content, indent=None)


def start_name(args: Namespace) -> str:
    """Name the weights that the folds start from."""
    return Path(args.start).stem if args.start else "scratch"


def run_fold(
    args: Namespace, fold: int, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Train on all frames but the fold's, and measure the errors on these.

    Args:
        args: Of the command.
        fold: From 0.
        settings: Of the config, by their names with dots.
    """
    annotations = args.output / ANNOTATIONS
    frames = read_frames(annotations)[fold::5]
    config = get_config(CONFIG)
    config.merge_from_dict(dict(settings or {}))
    config.work_dir = str(args.output / start_name(args) / f"fold{fold}")
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.dataset.update(
            ann_file=str(annotations.absolute()),
            data_root=str(args.data),
            hold_out=[name for name, *_ in frames],
        )
    if args.epochs:
        config.train_cfg.update(max_epochs=args.epochs)
        config.param_scheduler[0].update(total_steps=args.epochs)
    if args.start:
        config.load_from = args.start
        config.default_hooks.checkpoint_match.begin_anew = ["prediction", "reinject_heatmaps"]
    start = time.monotonic()
    runner = Runner.from_cfg(config)
    runner.train()
    minutes = (time.monotonic() - start) / 60
    checkpoint = f"{config.work_dir}/epoch_{config.train_cfg.max_epochs}.pth"

    images, boxes, truth = zip(*frames, strict=True)
    paths = [str(args.data / name) for name in images]
    predictor = Predictor(config, checkpoint, device="cpu")
    found = {
        "two_pass": TwoPass(predictor)(paths),
        "whole": predictor(paths),
        "true_boxes": predictor(paths, boxes),
    }
    distances = {
        name: np.linalg.norm(prediction.keypoints - np.stack(truth), axis=-1)
        for name, prediction in found.items()
    }
    return dict(
        fold=fold,
        frames=images,
        training_frames=len(runner.train_dataloader.dataset),
        epochs=config.train_cfg.max_epochs,
        training_minutes=round(minutes, 2),
        threads=args.threads,
        mean_error_px={name: float(np.nanmean(values)) for name, values in distances.items()},
        errors_px={name: values.round(3).tolist() for name, values in distances.items()},
    )


def read_frames(path: Path) -> list[tuple[str, list[list[float]], np.ndarray]]:
    """Read the name, the box and the keypoints (K, 2) of each frame; NaN where not labeled."""
    content = read_json(path)
    animals = {one["image_id"]: one for one in content["annotations"]}
    frames = []
    for image in content["images"]:
        animal = animals[image["id"]]
        left, top, width, height = animal["bbox"]
        keypoints = np.reshape(np.array(animal["keypoints"], float), (-1, 3))
        keypoints[keypoints[:, 2] == 0] = np.nan
        box = [left, top, left + width, top + height]
        frames.append((image["file_name"], [box], keypoints[:, :2]))
    return frames


def summary(folder: Path) -> str:
    """Lay out the folds of all starts: mean errors in px, and minutes of training."""
    rows = []
    for start in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        folds = [read_json(path) for path in sorted((folder / start).glob("fold*.json"))]
        for key, protocol in PROTOCOLS.items():
            errors = [fold["mean_error_px"][key] for fold in folds]
            minutes = max(fold["training_minutes"] for fold in folds)
            numbers = [f"{error:.2f}" for error in errors]
            mean = f"{np.mean(errors):.2f}"
            rows.append([start, protocol, " ".join(numbers), mean, f"{minutes:.1f}"])
    header = ["from", "the network sees", "error of each fold, px", "mean", "minutes of a fold"]
    return table(header, rows, "markdown", text_columns=2)


if __name__ == "__main__":
    main()
