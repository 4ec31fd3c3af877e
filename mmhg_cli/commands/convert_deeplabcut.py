"""Convert the labels of a DeepLabCut project to annotations in COCO's format.

mmhg convert-deeplabcut data/openfield -o data/openfield/annotations.json
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from mmhg_cli.shared import add_output


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument(
        "project",
        type=Path,
        metavar="PROJECT",
        help="its folder, with labeled-data/*/CollectedData_*.csv and the images that they name",
    )
    add_output(
        parser, "FILE.json", "the annotations; images are named below PROJECT", required=True
    )


def run(args: Namespace) -> None:
    """Convert, and print what was found."""
    from mmhg.datasets.deeplabcut import coco_annotations
    from mmhg.utils.files import write_json

    content = coco_annotations(args.project)
    write_json(args.output, content, indent=None)
    (category,) = content["categories"]
    print(f"{len(content['images'])} images, {len(content['annotations'])} animals")
    print(f"body parts: {', '.join(category['keypoints'])}")
    print(f"written to {args.output}")
