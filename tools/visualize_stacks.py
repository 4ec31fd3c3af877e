"""See how the stacks refine a pose: a sheet, an animation, and the scores after each stack.

python tools/visualize_stacks.py CONFIG CHECKPOINT
python tools/visualize_stacks.py CONFIG CHECKPOINT --index 4 17
python tools/visualize_stacks.py CONFIG CHECKPOINT --image photo.jpg --box 40 20 180 390

The first form runs over the validation set: it writes scores.json and scores.png, the metric after
each stack as in the paper's Figure 9, and shows the person in whom the stacks put most joints
right. The others show the people that are named and score nobody.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

import mmcv

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmengine.config import Config, DictAction
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from torch import nn
from torch.utils.data import Dataset, Subset

from mmhg.config.library import get_config
from mmhg.errors import InputError
from mmhg.inference.person_input import PersonInput
from mmhg.inference.predictor import find_device, read_image
from mmhg.models.loading import load_model
from mmhg.refinement.animation import write_animation
from mmhg.refinement.curves import plot_stack_scores
from mmhg.refinement.paths import (
    JointPaths,
    Refinement,
    joint_paths,
    most_corrected,
    refinements,
)
from mmhg.refinement.predict import check_stacks, predict_each_stack
from mmhg.refinement.scores import Scores, StackScores, stack_table
from mmhg.refinement.sheet import MOST_PEOPLE, draw_stack_sheet
from mmhg.refinement.tiles import find_joints
from mmhg.utils.files import without_nan
from mmhg.utils.progress import with_progress
from mmhg_cli.bad_input import exit_on_bad_input


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", help="file, or name of one of mmhg's configs")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "-o", "--output-dir", type=Path, metavar="FOLDER", help="default: CHECKPOINT's name _stacks"
    )
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        "--people",
        type=int,
        choices=range(1, MOST_PEOPLE + 1),
        default=1,
        help="how many of the validation set are shown (default: 1)",
    )
    who.add_argument(
        "--index", type=int, nargs="+", metavar="I", help="these of the validation set, from 0"
    )
    who.add_argument("--image", type=Path, help="a person in this image")
    parser.add_argument(
        "--box",
        type=float,
        nargs=4,
        metavar=("X", "Y", "WIDTH", "HEIGHT"),
        help="the person in --image, px (default: the whole image)",
    )
    parser.add_argument(
        "--joints", nargs="+", metavar="NAME", help="whose heatmaps are shown, or 'all'"
    )
    parser.add_argument(
        "--first", type=int, metavar="N", help="use only the first N of the validation set"
    )
    parser.add_argument(
        "--animation",
        choices=("gif", "mp4", "none"),
        default="gif",
        help="default: gif (less than 2 MB)",
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    parser.add_argument(
        "--cfg-options", nargs="+", action=DictAction, metavar="KEY=VALUE", help="change the config"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Draw; bad input ends with a message and exit status 2."""
    with exit_on_bad_input():
        visualize(parse_args(argv))


def visualize(args: argparse.Namespace) -> None:
    """Everything that the command line asks for."""
    _check(args)
    folder = _folder(args)
    config = get_config(args.config)
    config.merge_from_dict(args.cfg_options or {})
    model = load_model(config, args.checkpoint).to(find_device(args.device))
    check_stacks(model)
    if args.image:
        metainfo = model.dataset_meta
        joints = _joints(args, metainfo)
        crop = _crop(config, metainfo, args.image, args.box)
        (person,) = refinements(model, pseudo_collate([crop]))
        people, names = [replace(person, title=args.image.name)], [args.image.stem]
    else:
        dataset = DATASETS.build(config.val_dataloader.dataset)
        metainfo = dataset.metainfo
        joints = _joints(args, metainfo)
        if args.index is None:
            scores, paths = _score(model, config, dataset, args.first)
            _write_scores(scores, len(paths), folder)
            indices = most_corrected(paths, args.people)
        else:
            indices = args.index
        people = _people(model, dataset, indices)
        names = [f"person_{index}" for index in indices]
    folder.mkdir(parents=True, exist_ok=True)
    mmcv.imwrite(draw_stack_sheet(people, metainfo, joints)[:, :, ::-1], str(folder / "sheet.png"))
    written = ["sheet.png"]
    if args.animation != "none":
        for person, name in zip(people, names, strict=True):
            written.append(f"{name}.{args.animation}")
            write_animation(person, metainfo, folder / written[-1], joints)
    print(f"{folder}: {', '.join(written)}")


def _check(args: argparse.Namespace) -> None:
    """What the command line's form leaves open."""
    if args.box and not args.image:
        raise InputError("--box is for a person in an --image")
    if args.box and not (min(args.box[2:]) > 0 and all(map(isfinite, args.box))):
        raise InputError(
            f"{_flag(args.box)}: width and height must be positive, and all four finite"
        )
    if len(args.index or ()) > MOST_PEOPLE:
        raise InputError(f"--index: a sheet shows {MOST_PEOPLE} people, got {len(args.index)}")
    if args.first is not None and (args.index or args.image):
        raise InputError("--first is for the run over the validation set, not for --index, --image")
    if args.first is not None and args.first < 1:
        raise InputError(f"--first must be at least 1, got {args.first}")


def _folder(args: argparse.Namespace) -> Path:
    """Where everything goes."""
    folder = args.output_dir or Path(f"{args.checkpoint.stem}_stacks")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, and pictures go into a folder: name another with -o")
    return folder


def _flag(box: list[float]) -> str:
    """--box as it was typed."""
    return f"--box {' '.join(f'{value:g}' for value in box)}"


def _joints(args: argparse.Namespace, metainfo: dict[str, Any]) -> list[int] | None:
    return find_joints(args.joints, metainfo) if args.joints else None


def _score(
    model: nn.Module, config: Config, dataset: Dataset, first: int | None
) -> tuple[Scores, list[JointPaths]]:
    """Scores after each stack, and everybody's paths."""
    MMLogger.get_current_instance().setLevel("ERROR")  # each stack would log a table
    evaluator = StackScores(config.val_evaluator, model.backbone.num_stacks, dataset.metainfo)
    if first is not None:
        evaluator.check_part()
        dataset = Subset(dataset, range(min(first, len(dataset))))
    in_order = dict(type="DefaultSampler", shuffle=False)
    settings = {**config.val_dataloader, "sampler": in_order, "dataset": dataset}
    loader = Runner.build_dataloader(settings)
    paths = []
    for batch in with_progress(loader, len(loader), "batches"):
        predictions = predict_each_stack(model, batch)
        evaluator.process(batch, predictions)
        paths += [joint_paths(samples) for samples in zip(*predictions, strict=True)]
    return evaluator.evaluate(), paths


def _write_scores(scores: Scores, people: int, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    report = {"people": people, "stacks": [without_nan(of_stack) for of_stack in scores]}
    (folder / "scores.json").write_text(json.dumps(report, indent=2) + "\n")
    plot_stack_scores(scores, folder / "scores.png")
    print(stack_table(scores))
    print(f"{folder}: scores.json, scores.png of {people} people")


def _people(model: nn.Module, dataset: Dataset, indices: list[int]) -> list[Refinement]:
    """People of the validation set."""
    for index in indices:
        if not 0 <= index < len(dataset):
            raise InputError(
                f"--index: the validation set has people 0 to {len(dataset) - 1}, got {index}"
            )
    people = refinements(model, pseudo_collate([dataset[index] for index in indices]))
    return [
        replace(person, title=f"person {index}, {person.title}")
        for person, index in zip(people, indices, strict=True)
    ]


def _crop(
    config: Config, metainfo: dict[str, Any], path: Path, box: list[float] | None
) -> dict[str, Any]:
    """The network's input of a person in an image, by x, y, width and height, or all of it."""
    image = read_image(path)
    sides = None
    if box is not None:
        (x, y, width, height), (image_height, image_width) = box, image.shape[:2]
        sides = [x, y, x + width, y + height]
        if x >= image_width or y >= image_height or sides[2] <= 0 or sides[3] <= 0:
            raise InputError(
                f"{_flag(box)} (X Y WIDTH HEIGHT) lies outside of {path}, "
                f"{image_width} x {image_height} px"
            )
    return PersonInput(config, metainfo)(image, sides, name=str(path))[1]


if __name__ == "__main__":
    main()
