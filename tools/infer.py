"""Keypoints of people in images, videos and a camera's frames: pictures, videos, JSON, CSV.

python tools/infer.py configs/hg8_mpii_256.py hg8.pth photo.jpg folder/ 'more/**/*.png' clip.mp4
python tools/infer.py configs/hg8_mpii_256.py hg8.pth photos/ --boxes boxes.json --csv
python tools/infer.py exported_folder/ photo.jpg

Without --boxes, --centers or --detector each picture is taken as one person's. The exit status is 0
if all went well, 1 if an input or a box failed and the rest was done, 2 if no picture could be.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmhg import Predictor, __version__
from mmhg.errors import InputError
from mmhg.export import load
from mmhg.export.folder import dataset_meta, is_exported
from mmhg.inference.box_files import People, read_boxes, read_centers
from mmhg.inference.detector import Detector
from mmhg.inference.outputs import Outputs
from mmhg.inference.run import FindPeople, Tally, all_frames, run
from mmhg.inference.sources import ImageFile, Source, find_sources
from mmhg.utils.progress import with_progress
from mmhg_cli.bad_input import EXIT_BAD_INPUT, exit_on_bad_input

EXIT_SOME_FAILED = 1
DETECTOR_THRESHOLD = 0.3


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line; `model` and `inputs` are told apart."""
    parser = argparse.ArgumentParser(
        usage="%(prog)s (CONFIG CHECKPOINT | EXPORTED) INPUT... [options]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "arguments",
        nargs="+",
        metavar="ARGUMENT",
        help="config (file, or name of one of mmhg's) and checkpoint, or a folder that "
        "tools/export.py wrote; then images, folders, globs, videos, or a camera's number",
    )
    parser.add_argument("--camera", type=int, metavar="N", help="a camera, from 0, until Ctrl-C")
    people = parser.add_mutually_exclusive_group()
    people.add_argument("--boxes", type=Path, metavar="FILE", help="people's boxes, .json or .csv")
    people.add_argument(
        "--centers",
        type=Path,
        metavar="FILE",
        help="centre and scale of people as in MPII (1-based px; 200 px high at scale 1)",
    )
    people.add_argument(
        "--detector",
        nargs=2,
        type=Path,
        metavar=("CONFIG", "CHECKPOINT"),
        help="a person detector of MMDetection (needs full mmcv)",
    )
    parser.add_argument(
        "--box-threshold",
        type=float,
        metavar="SCORE",
        help="leave out boxes with a lower score (default: 0.3 for --detector, else none)",
    )
    parser.add_argument(
        "-o", "--output-dir", type=Path, default=Path("predictions"), metavar="FOLDER"
    )
    parser.add_argument("--csv", action="store_true", help="write keypoints.csv as well")
    parser.add_argument("--no-pictures", action="store_true", help="write no pictures and videos")
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.2,
        metavar="SCORE",
        help="lowest score of a joint that is drawn (default: %(default)s); files have them all",
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    parser.add_argument(
        "--half", action="store_true", help="bfloat16 on the CPU, float16 on a GPU: faster, rougher"
    )
    parser.add_argument("--compile", action="store_true", help="run through torch.compile")
    parser.add_argument("--no-flip", action="store_true", help="skip the flip test: twice as fast")
    parser.add_argument("--batch-size", type=int, default=8, help="default: %(default)s")
    args = parser.parse_args(argv)
    number = 1 if is_exported(args.arguments[0]) else 2
    args.model, args.inputs = args.arguments[:number], args.arguments[number:]
    if args.camera is not None:
        args.inputs.append(str(args.camera))
    if not args.inputs:
        parser.error("give CONFIG CHECKPOINT, or an exported folder, and at least one INPUT")
    return args


def load_predictor(args: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """The network, and what it says about its keypoints."""
    flip = False if args.no_flip else None
    if len(args.model) == 2:
        predictor = Predictor(
            *args.model,
            device=args.device,
            half=args.half,
            flip=flip,
            compile=args.compile,
            batch_size=args.batch_size,
        )
        return predictor, predictor.dataset_meta
    if args.device or args.half or args.compile:
        raise InputError(
            "--device, --half and --compile are for CONFIG CHECKPOINT; an exported network runs as "
            "it was exported"
        )
    exported = load(args.model[0], flip_test=flip)
    return exported, dataset_meta(exported)


def read_people(args: argparse.Namespace, sources: list[Source]) -> People | None:
    """The people of --boxes or --centers, if one is given.

    Raises:
        InputError: The file has nothing for any of the sources.
    """
    if args.boxes:
        people = read_boxes(args.boxes, args.box_threshold or 0.0)
    elif args.centers:
        people = read_centers(args.centers)
    else:
        return None
    people.check(source.name for source in sources)
    return people


def known_sources(people: People, sources: list[Source], tally: Tally) -> list[Source]:
    """The sources that the file of people has something for; the others are reported."""
    known = []
    for source in sources:
        try:
            people.of(source.name)
            known.append(source)
        except InputError as error:
            tally.report(f"{source.name}: {error}")
    return known


def check_output_dir(folder: Path, sources: list[Source]) -> None:
    """Refuse to write where pictures would replace those that they are made from."""
    for source in sources:
        if Path(source.name).resolve().parent == folder.resolve():
            raise InputError(
                f"--output-dir {folder} is the folder of {source.name}, which its picture would "
                "replace; name another"
            )


def main(argv: list[str] | None = None) -> int:
    """Infer; bad input ends with a message."""
    args = parse_args(argv)
    tally = Tally()
    with exit_on_bad_input():
        sources, faults = find_sources(args.inputs)
        for fault in faults:
            tally.report(fault)
        if sources:
            check_output_dir(args.output_dir, sources)
            infer(args, sources, tally)
    if not tally.frames:
        return EXIT_BAD_INPUT
    print(f"{tally}: {args.output_dir}")
    if not (args.boxes or args.centers or args.detector):
        print(
            "each picture was taken as one person's; --boxes, --centers or --detector say where "
            "people are"
        )
    return EXIT_SOME_FAILED if tally.faults else 0


def infer(args: argparse.Namespace, sources: list[Source], tally: Tally) -> None:
    """Find people and their keypoints in all sources, and write what was asked for."""
    find_people: FindPeople | None = None
    if people := read_people(args, sources):
        sources = known_sources(people, sources, tally)
        find_people = lambda frame: people.of(frame.source.name, frame.index)  # noqa: E731
    elif args.detector:
        threshold = DETECTOR_THRESHOLD if args.box_threshold is None else args.box_threshold
        detector = Detector(*args.detector, args.device, threshold)
        find_people = lambda frame: detector(frame.image)  # noqa: E731
    predictor, meta = load_predictor(args)
    info = dict(model=[Path(part).name for part in args.model], mmhg=__version__)
    frames = all_frames(sources, tally)
    lengths = [source.length for source in sources]
    if None not in lengths:
        only_images = all(isinstance(source, ImageFile) for source in sources)
        frames = with_progress(frames, sum(lengths), "pictures" if only_images else "frames")
    with Outputs(
        args.output_dir,
        meta,
        info,
        threshold=args.threshold,
        pictures=not args.no_pictures,
        csv=args.csv,
    ) as outputs:
        run(frames, predictor, find_people, outputs, tally, args.batch_size)


if __name__ == "__main__":
    sys.exit(main())
