"""Every reader of files from outside, with the seeds that it reads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from fuzz.seeds import PEOPLE, YOLO_ROW, YOLO_YAML
from mmhg import labels
from mmhg.checkpoints import read_network
from mmhg.datasets import LoadWholeImage, mpii_converter
from mmhg.datasets.deeplabcut import read_labels
from mmhg.datasets.formats.flic_h5 import read_flic_h5
from mmhg.datasets.formats.flic_mat import read_flic_mat
from mmhg.datasets.formats.lsp_mat import image_names, read_lsp
from mmhg.datasets.formats.mpii_gt_val import read_gt_val
from mmhg.datasets.formats.mpii_h5 import read_mpii_h5
from mmhg.datasets.formats.mpii_json import read_mpii_json, to_json
from mmhg.datasets.formats.mpii_mat import read_annolist, read_release
from mmhg.datasets.shrink_annotations import Placement, annotation_file
from mmhg.errors import InputError
from mmhg.export import load, predict
from mmhg.inference.box_files import read_boxes, read_centers
from mmhg.inference.detectors.onnx_header import read_header
from mmhg.labels.frames import read_frame
from mmhg.labels.recognize import _reader
from mmhg.results import coco_submission
from mmhg.results.ground_truth_files import read_ground_truth
from mmhg.results.leaderboard import read_scores
from mmhg.results.model_card import describe_results, read_evaluation
from mmhg.results.prediction_files import read_predictions
from mmhg.results.published import read_published
from mmhg.results.scoring.measures import Settings, measure
from mmhg.results.scoring.predictions import read_predicted
from mmhg.results.scoring.records import Truth
from mmhg.results.scoring.truths import kind_of, read_truth
from mmhg.visualization.curves import read_scalars

CHECKPOINTS = ("ours.pth", "training.pth", "legacy.pth", "theirs.pth", "bearpaw.pth")
HOSTILE = ("code.pth", "legacy_code.pth", "raw_code.pth", "bomb.pth")
FORMATS = ("onnx", "openvino", "torchscript", "torch_export")


class Target(NamedTuple):
    """A reader.

    Attributes:
        read: Reads a file.
        seeds: Names of files that it reads, or should refuse.
        own_errors: Besides `InputError`, what it raises by its contract.
    """

    read: Callable[[Path], Any]
    seeds: tuple[str, ...]
    own_errors: tuple[type[Exception], ...] = ()


def _mat(read: Callable[[Path], Any], name: str) -> Target:
    return Target(read, (name, f"packed_{name}"))


def _shrink(path: Path) -> None:
    """Write a copy of annotations for images of half the size."""
    annotations = annotation_file(str(path))
    annotations.images(), annotations.rigid_images()
    half = Placement(x=0.5, y=0.5, size=(80, 60))
    annotations.write_scaled(path.with_name("half" + path.suffix), lambda name: half)


def _convert(path: Path) -> None:
    """Sort people into splits, and write and read these."""
    folder = path.with_name("splits")
    splits, _ = mpii_converter.convert(read_release(path), [], "none")
    mpii_converter.write_splits(splits, folder)
    for name, people in splits.items():
        if people:
            read = read_mpii_json(str(folder / f"mpii_{name}.json"))
            assert [to_json(person) for person in read] == [to_json(person) for person in people]


def _labels(format: str) -> Callable[[Path], Any]:
    """Return a reader of labels, which finds the pictures that the seeds name."""

    def read(path: Path) -> Any:
        images = path.with_name("pictures")
        if not images.is_dir():
            (images / "images").mkdir(parents=True)
            (images / "labels").mkdir()
            for number in range(1, PEOPLE + 1):
                picture = np.zeros((120, 160, 3), np.uint8)
                cv2.imwrite(str(images / "images" / f"{number}.jpg"), picture)
        file = path
        for row in (images / "labels").glob("*.txt"):
            row.unlink()
        if format == "yolo_pose":
            rows = path.read_bytes() if path.suffix == ".txt" else YOLO_ROW.encode()
            (images / "labels/1.txt").write_bytes(rows)
            if path.suffix == ".txt":
                file = images / "data.yaml"
                file.write_text(YOLO_YAML)
        _reader(format).recognizes(file)
        return labels.read_labels(file, format, images)

    return read


def _sleap(path: Path) -> None:
    """Read labels of SLEAP, and the pictures that the file holds."""
    for image in _labels("sleap")(path).images:
        read_frame(image)


def _results_card(path: Path) -> Any:
    from mmhg.config.catalog import get_config

    found = read_evaluation(path, "hg2_lspet_128", "abc", None)
    return describe_results(found, get_config("hg2_lspet_128"), "abc")


def _curves(path: Path) -> Any:
    folder = path.with_name("work") / "1" / "vis_data"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, folder / "scalars.json")
    return read_scalars(path.with_name("work"))


def _score(path: Path) -> Any:
    """Score people of MPII's 16 joints, or of COCO's 17."""
    for names, ids in (([*map(str, range(16))], ()), ([*map(str, range(17))], (1, 2, 3))):
        images = [(f"{n}.jpg" if ids else "a.jpg", None) for n in range(1, PEOPLE + 1)]
        points = np.random.default_rng(0).uniform(1, 90, (PEOPLE, len(names), 2))
        truth = Truth(
            kind="COCO",
            file="truth",
            names=names,
            keypoints=points,
            labeled=np.full(points.shape[:2], True),
            ids=range(PEOPLE),
            images=images,
            image_ids=ids[:PEOPLE],
            content={"images": [{"id": 1}, {"id": 2}, {"id": 3}], "annotations": []},
        )
        try:
            predicted = read_predicted(str(path), truth)
        except InputError as refused:
            error = refused
            continue
        for metric in ("px", "nme"):
            measure(metric, truth, {str(path): predicted}, Settings())
        return predicted
    raise error


def _truth(path: Path) -> Any:
    return read_truth(path, kind_of(path), None, "observer-centric")


def _picture(path: Path) -> Any:
    """Read a picture of five channels, as a network's."""
    return LoadWholeImage(channels=5, value_range="image")({"img_path": str(path)})


def _picture_alone(path: Path) -> Any:
    return predict.convert_image(
        predict.read_image(path, 5), dict(mean=[0] * 5, value_range="image"), "picture"
    )


def _run_exported(path: Path) -> Any:
    return load(path.parent, threads=1)([np.zeros((40, 30, 3), np.uint8)])


TARGETS = {
    "people, MPII .json": Target(lambda path: read_mpii_json(str(path)), ("mpii.json",)),
    "people, RELEASE .mat": _mat(read_release, "release.mat"),
    "people, converted": _mat(_convert, "release.mat"),
    "people, annolist .mat": _mat(read_annolist, "annolist.mat"),
    "people, mpii_gt_val.mat": _mat(lambda path: read_gt_val(str(path)), "truth.mat"),
    "people, MPII .h5": Target(read_mpii_h5, ("mpii.h5",)),
    "people, FLIC .h5": Target(
        lambda path: read_flic_h5(str(path), "observer-centric"), ("flic.h5",)
    ),
    "people, FLIC .mat": _mat(
        lambda path: read_flic_mat(str(path), "train", "observer-centric"), "flic.mat"
    ),
    "people, LSP .mat": _mat(lambda path: read_lsp(str(path), "train"), "lspet.mat"),
    "images, LSP .mat": _mat(lambda path: image_names(str(path)), "lspet.mat"),
    "shrinking, MPII": Target(_shrink, ("mpii.json",)),
    "shrinking, COCO": Target(_shrink, ("coco.json",)),
    "shrinking, LSP": _mat(_shrink, "lspet.mat"),
    "labels, DeepLabCut": Target(read_labels, ("labels.csv",)),
    "labels, DeepLabCut .h5": Target(read_labels, ("fixed.h5", "table.h5", "code.h5")),
    "labels, SLEAP": Target(_sleap, ("named.slp", "holding.slp", "external.slp", "bomb.slp")),
    "labels, COCO": Target(_labels("coco"), ("coco_labels.json",)),
    "labels, CVAT": Target(_labels("cvat"), ("skeletons.xml", "points.xml", "bomb.xml")),
    "labels, Label Studio": Target(_labels("label_studio"), ("tasks.json",)),
    "labels, YOLO-pose": Target(_labels("yolo_pose"), ("yolo.yaml", "yolo.txt")),
    "split list": Target(mpii_converter.read_val_list, ("list.txt",)),
    "boxes": Target(
        lambda path: read_boxes(path, 0.3), ("boxes.json", "coco_boxes.json", "coco.json")
    ),
    "picture, .npy": Target(_picture, ("picture.npy", "code.npy")),
    "picture, pages": Target(_picture, ("pages.tif",)),
    "picture, predict.py": Target(_picture_alone, ("picture.npy", "pages.tif"), (ValueError,)),
    "boxes by centers": Target(read_centers, ("centers.json",)),
    "boxes, predict.py": Target(predict.read_boxes, ("boxes.json",), (ValueError,)),
    "predictions, .json": Target(read_predictions, ("preds.json",)),
    "predictions, .mat": _mat(read_predictions, "preds.mat"),
    "predictions, .h5": Target(
        read_predictions,
        tuple(f"{kind}preds.h5" for kind in ("", "packed_", "huge_", "external_", "linked_")),
    ),
    "predictions, .pkl": Target(read_predictions, ("preds.pkl",)),
    "scored, .json": Target(_score, ("preds.json", "coco_people.json", "coco.json")),
    "scored, .csv": Target(_score, ("wide.csv", "long.csv")),
    "scored, .mat": _mat(_score, "preds.mat"),
    "scored, .npy": Target(_score, ("preds.npy",)),
    "truth, COCO": Target(_truth, ("coco.json",)),
    "truth, LSP .mat": _mat(_truth, "lspet.mat"),
    "ground truth": Target(read_ground_truth, ("mpii.json", "truth.mat", "packed_truth.mat")),
    "results for COCO": Target(coco_submission.read_people, ("coco_people.json",)),
    "images of COCO": Target(coco_submission.read_image_ids, ("coco.json",)),
    "results, leaderboard": Target(lambda path: read_scores(path, "MPII"), ("results.json",)),
    "results, model card": Target(_results_card, ("results.json",)),
    "published results": Target(read_published, ("published.json",)),
    "training curves": Target(_curves, ("scalars.json",)),
    "checkpoint, .pth": Target(read_network, (*CHECKPOINTS, *HOSTILE)),
    "checkpoint, .safetensors": Target(read_network, ("ours.safetensors",)),
    "checkpoint, .t7": Target(read_network, ("binary.t7", "ascii.t7")),
    "detector, header": Target(read_header, ("onnx/model.onnx",)),
    **{
        f"exported, {name}": Target(
            _run_exported, (f"{name}/{predict.FILES[name]}", f"{name}/{predict.DESCRIPTION}")
        )
        for name in FORMATS
    },
}
"""By name, for reports."""
