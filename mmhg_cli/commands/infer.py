"""Find people's keypoints in images, videos and a camera's frames.

mmhg infer photo.jpg folder/ 'more/**/*.png' clip.mp4
mmhg infer photos/ --boxes boxes.json --csv
mmhg infer hg8_mpii_256 hg8.pth photo.jpg
mmhg infer exported_folder/ photo.jpg
mmhg infer photos/ --detector yolox_s.onnx

Without CONFIG the network is the one that comes with mmhg. After a CONFIG that was trained, or
comes with weights, CHECKPOINT may be left out: what follows is an input if it is a folder, a glob,
a number, or named like an image or a video, and the checkpoint otherwise.

Without --boxes, --centers or --detector each image is taken as one person's. The exit status is 0
if all went well, 1 if an input or a box failed and the rest was done, 2 if no image could be done.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from mmhg_cli.shared import (
    add_batch_size,
    add_cfg_options,
    add_device,
    add_half,
    add_output,
    load_config,
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.usage = "%(prog)s [CONFIG [CHECKPOINT] | EXPORTED] INPUT... [options]"
    parser.add_argument(
        "arguments",
        nargs="*",
        metavar="ARGUMENT",
        help="config (file, or name of one of mmhg's) and checkpoint, or a folder that "
        "`mmhg export` wrote, or neither; then images, folders, globs, videos, or a camera's "
        "number",
    )
    parser.add_argument("--camera", type=int, metavar="N", help="a camera, from 0, until Ctrl-C")
    people = parser.add_mutually_exclusive_group()
    people.add_argument("--boxes", type=Path, metavar="FILE.json", help="people's boxes")
    people.add_argument(
        "--centers",
        type=Path,
        metavar="FILE.json",
        help="center and scale of people as in MPII (1-based px; 200 px high at scale 1)",
    )
    people.add_argument(
        "--detector",
        nargs="+",
        metavar="DETECTOR",
        help="finds the people: FILE.onnx (an exported YOLOX, RTMDet, YOLO, ...), `opencv` "
        "(upright people only, rough), or config and checkpoint of MMDetection (needs full mmcv)",
    )
    parser.add_argument(
        "--detector-input",
        metavar="COLORS",
        help="colors that FILE.onnx takes, if not those that are usual for its kind: bgr255, "
        "rgb255, rgb1, bgr-imagenet or rgb-imagenet",
    )
    people.add_argument(
        "--two-pass",
        action="store_true",
        help="look at each whole image, then again at a crop about the keypoints found",
    )
    parser.add_argument(
        "--box-threshold",
        type=float,
        metavar="SCORE",
        help="leave out boxes with a lower score (default: 0.3 for --detector, else none)",
    )
    add_output(parser, "FOLDER", "to write (default: %(default)s)", default=Path("predictions"))
    parser.add_argument("--csv", action="store_true", help="write keypoints.csv as well")
    parser.add_argument("--no-pictures", action="store_true", help="write no pictures and videos")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.2,
        metavar="SCORE",
        help="lowest score of a keypoint that is drawn (default: %(default)s); files have them all",
    )
    add_device(parser)
    add_half(parser, "bfloat16 on the CPU, float16 on a GPU: faster, rougher")
    parser.add_argument("--compile", action="store_true", help="run through torch.compile")
    parser.add_argument("--no-flip", action="store_true", help="skip the flip test: twice as fast")
    add_batch_size(parser, 8, "people that go through the network together (default: %(default)s)")
    add_cfg_options(parser)


def run(args: Namespace) -> int:
    """Run inference. The exit status tells if all, some or none of the images could be done."""
    if args.detector:
        args.detector, following = split_detector(args.detector)
        args.arguments += following
    from mmhg.errors import InputError
    from mmhg.inference.outputs import Outputs
    from mmhg.inference.run import Summary, check_sources, run_inference
    from mmhg.inference.sources import find_sources
    from mmhg.inference.two_pass import TwoPass
    from mmhg.version import __version__
    from mmhg_cli.infer_arguments import split_arguments

    args.model, inputs = split_arguments(args.arguments)
    if args.camera is not None:
        inputs.append(str(args.camera))
    if not inputs:
        raise InputError("give at least one INPUT: an image, a folder, a video, or --camera N")
    summary = Summary()
    sources, problems = find_sources(inputs, find_loader(args))
    for problem in problems:
        summary.add_problem(problem)
    if sources:
        people, detector = find_people(args)
        sources = check_sources(sources, people, args.output, summary)
        predictor, meta = load_predictor(args)
        if args.two_pass:
            predictor = TwoPass(predictor)
        info = dict(model=[Path(part).name for part in args.model], mmhg=__version__)
        with Outputs(
            args.output,
            meta,
            info | detector,
            threshold=args.threshold,
            pictures=not args.no_pictures,
            csv=args.csv,
        ) as outputs:
            run_inference(
                sources, predictor, people, outputs, summary=summary, batch_size=args.batch_size
            )
    if not summary.frames:
        return 2
    print(f"{summary}: {args.output}")
    if summary.without_people:
        print(f"nobody was found in {summary.without_people}")
    if not (args.boxes or args.centers or args.detector):
        print(
            "each image was taken as one person's. --boxes or --centers FILE.json say where the "
            "people are; --detector finds them by FILE.onnx, opencv, or CONFIG CHECKPOINT of "
            "MMDetection"
        )
    return 1 if summary.problems else 0


def split_detector(values: list[str]) -> tuple[list[str], list[str]]:
    """Split what follows --detector into the detector and inputs."""
    number = 1 if values[0] == "opencv" or values[0].lower().endswith(".onnx") else 2
    return values[:number], values[number:]


def find_people(args: Namespace) -> tuple[Any, dict[str, Any]]:
    """Return a function that gives a frame's boxes, or None, and what is known of the detector."""
    from mmhg.errors import InputError
    from mmhg.inference import PersonDetector
    from mmhg.inference.box_files import read_boxes, read_centers

    if args.detector_input and not args.detector:
        raise InputError("--detector-input is for --detector FILE.onnx")
    if args.boxes:
        boxes = read_boxes(args.boxes, args.box_threshold or 0.0)
        if boxes.note:
            print(f"warning: {boxes.note}", file=sys.stderr)
        return boxes, {}
    if args.centers:
        return read_centers(args.centers), {}
    if args.detector:
        detector = PersonDetector(
            *args.detector,
            threshold=args.box_threshold,
            input_format=args.detector_input,
            device=args.device,
        )
        return lambda frame: detector(frame.image), {"detector": detector.description}
    return None, {}


def find_loader(args: Namespace) -> Any:
    """Return the step that loads images, as the config or the exported network has it."""
    from mmhg.datasets.transforms.loading import loader_of
    from mmhg.export.folder import image_loader

    if len(args.model) < 2:
        return image_loader(args.model[0])
    args.config = args.model[0]
    return loader_of(load_config(args))


def load_predictor(args: Namespace) -> tuple[Any, dict[str, Any]]:
    """Return the network and the metainfo of its keypoints."""
    from mmhg.errors import InputError
    from mmhg.export import load
    from mmhg.export.folder import dataset_meta
    from mmhg.inference import Predictor

    flip = False if args.no_flip else None
    if len(args.model) == 2:
        args.config, checkpoint = args.model
        predictor = Predictor(
            load_config(args),
            checkpoint,
            device=args.device,
            half=args.half,
            flip=flip,
            compile=args.compile,
            batch_size=args.batch_size,
        )
        return predictor, predictor.dataset_meta
    if args.device or args.half or args.compile or args.cfg_options:
        raise InputError(
            "--device, --half, --compile and --cfg-options are for CONFIG CHECKPOINT. An exported "
            "network runs as it was exported"
        )
    exported = load(args.model[0], flip_test=flip)
    return exported, dataset_meta(exported)
