"""Show and score the stacks of a network, for `mmhg visualize`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from mmpose.registry import DATASETS
from torch.utils.data import Subset

from mmhg.datasets.transforms.loading import loader_of
from mmhg.errors import InputError
from mmhg.inference.person_input import PersonInput
from mmhg.inference.predictor import find_device, read_image
from mmhg.models.loading import load_model
from mmhg.refinement.animation import write_animation
from mmhg.refinement.curves import plot_stack_scores
from mmhg.refinement.drawn_figure import as_drawn_figure
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
from mmhg.utils.files import replacing, write_json
from mmhg.utils.progress import with_progress
from mmhg_cli.checks import check_loader
from mmhg_cli.shared import find_checkpoint, load_config


def visualize(args: Namespace) -> None:
    """Draw, and also score if no people are named."""
    check_options(args)
    args.checkpoint = find_checkpoint(args)
    folder = output_folder(args)
    config = load_config(args)
    model = load_model(config, args.checkpoint).to(find_device(args.device))
    check_stacks(model)
    if args.image:
        metainfo = model.dataset_meta
        joints = chosen_joints(args, metainfo)
        _, crop = PersonInput(config, metainfo)(
            read_image(args.image, loader_of(config)), args.box, name=str(args.image)
        )
        (person,) = refinements(model, pseudo_collate([crop]))
        people, names = [replace(person, title=args.image.name)], [args.image.stem]
    else:
        dataset = DATASETS.build(config.val_dataloader.dataset)
        metainfo = dataset.metainfo
        joints = chosen_joints(args, metainfo)
        if args.index is None:
            scores, paths = score_stacks(model, config, dataset, args.first)
            write_scores(scores, len(paths), folder)
            indices = most_corrected(paths, args.people)
        else:
            indices = args.index
        people = people_of(model, dataset, indices)
        names = [f"person_{index}" for index in indices]
    if args.drawn:
        people = [as_drawn_figure(person, metainfo) for person in people]
    folder.mkdir(parents=True, exist_ok=True)
    sheet = draw_stack_sheet(people, metainfo, joints)
    with replacing(folder / "sheet.png") as partial:
        cv2.imwrite(str(partial), sheet[:, :, ::-1])
    written = ["sheet.png"]
    if args.animation != "none":
        for person, name in zip(people, names, strict=True):
            written.append(f"{name}.{args.animation}")
            with replacing(folder / written[-1]) as partial:
                write_animation(person, metainfo, partial, joints)
    print(f"{folder}: {', '.join(written)}")


def check_options(args: Namespace) -> None:
    """Raise InputError for options that do not go together."""
    if args.drawn and args.image:
        raise InputError("--drawn needs an annotation, which an --image has not")
    if args.box and not args.image:
        raise InputError("--box is for a person in an --image")
    if len(args.index or ()) > MOST_PEOPLE:
        raise InputError(f"--index: a sheet shows {MOST_PEOPLE} people, got {len(args.index)}")
    if args.first is not None and (args.index or args.image):
        raise InputError("--first is for the run over the validation set, not for --index, --image")
    if args.first is not None and args.first < 1:
        raise InputError(f"--first must be at least 1, got {args.first}")


def output_folder(args: Namespace) -> Path:
    """Return the folder to write, which may not exist yet."""
    folder = args.output or Path(f"{Path(args.checkpoint).stem}_stacks")
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file, and pictures need a folder. Name another with -o")
    return folder


def chosen_joints(args: Namespace, metainfo: dict[str, Any]) -> list[int] | None:
    """Return the indices of the joints of `--joints`."""
    return find_joints(args.joints, metainfo) if args.joints else None


def score_stacks(
    model: Any, config: Config, dataset: Any, first: int | None
) -> tuple[Scores, list[JointPaths]]:
    """Return the scores after each stack, and the paths of all people."""
    MMLogger.get_current_instance().setLevel("ERROR")  # each stack would log a table
    evaluator = StackScores(config.val_evaluator, model.backbone.num_stacks, dataset.metainfo)
    if first is not None:
        evaluator.check_part()
        dataset = Subset(dataset, range(min(first, len(dataset))))
    in_order = dict(type="DefaultSampler", shuffle=False)
    settings = {**config.val_dataloader, "sampler": in_order, "dataset": dataset}
    check_loader("val_dataloader", settings)
    loader = Runner.build_dataloader(settings)
    paths = []
    for batch in with_progress(loader, len(loader), "batches"):
        predictions = predict_each_stack(model, batch)
        evaluator.process(batch, predictions)
        paths += [joint_paths(samples) for samples in zip(*predictions, strict=True)]
    return evaluator.evaluate(), paths


def write_scores(scores: Scores, people: int, folder: Path) -> None:
    """Write and print the scores after each stack."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "scores.json", {"people": people, "stacks": scores})
    with replacing(folder / "scores.png") as partial:
        plot_stack_scores(scores, partial)
    print(stack_table(scores))
    print(f"{folder}: scores.json, scores.png of {people} people")


def people_of(model: Any, dataset: Any, indices: list[int]) -> list[Refinement]:
    """Return the refinement of people of the validation set."""
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
