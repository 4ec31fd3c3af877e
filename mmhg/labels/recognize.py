"""Recognize the format of labels by their content."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from mmhg.errors import InputError
from mmhg.labels.labels import Labels

FORMATS = {
    "coco": "COCO keypoints (.json)",
    "cvat": "CVAT for images (.xml): points and skeletons",
    "label_studio": "Label Studio (.json): keypoint labels and rectangles",
    "deeplabcut": "a DeepLabCut project (folder with labeled-data)",
    "sleap": "SLEAP (.slp)",
    "yolo_pose": "YOLO-pose (folder with data.yaml)",
    "lsp": "LSP (joints.mat)",
    "mpii": "MPII (.mat or .json)",
}
"""Each is a module of `mmhg.labels` with `recognizes(path) -> bool`, which never fails, and
`read(path, images) -> Labels`."""


def read_labels(path: Path, format: str | None = None, images: Path | None = None) -> Labels:
    """Read labels.

    Args:
        path: The file or folder that a labeling tool wrote.
        format: One of `FORMATS`; None recognizes it.
        images: The folder of the pictures, where they do not lie beside the labels.

    Raises:
        InputError: The format is not known, or the labels cannot be used.
    """
    if not path.exists():
        raise InputError(f"there is no {path}. Give the file or folder of labels")
    if format is None:
        found = [name for name in FORMATS if _module(name).recognizes(path)]
        if len(found) != 1:
            known = "; ".join(FORMATS.values())
            raise InputError(
                f"{path} looks like {' and '.join(found)}. Say which by --format"
                if found
                else f"{path} is not in a format that is known: {known}"
            )
        (format,) = found
    elif format not in FORMATS:
        raise InputError(f"format must be one of {', '.join(FORMATS)}, got {format!r}")
    labels: Labels = _module(format).read(path, images)
    return labels


def _module(format: str):  # type: ignore[no-untyped-def]
    return import_module(f"mmhg.labels.{format}")
