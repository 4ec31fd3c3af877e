"""Recognize the format of labels by their content."""

from __future__ import annotations

import os
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from mmhg.errors import InputError
from mmhg.labels.labels import Labels, check_names

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
"""Each is a module of `mmhg.labels`, a `Reader`."""


class Reader(Protocol):
    """Say what the module of a format offers."""

    def recognizes(self, path: Path) -> bool:
        """Tell if a file or a folder has the format, by the beginning of its content.

        It reads no more than it needs, and never fails, whatever the file is.
        """

    def read(self, path: Path, images: Path | None = None) -> Labels:
        """Read the labels.

        Args:
            path: The file or folder.
            images: The folder of the pictures, where they do not lie beside the labels.

        Raises:
            InputError: The labels cannot be used, or pictures are missing.
        """


def read_labels(path: Path, format: str | None = None, images: Path | None = None) -> Labels:
    """Read labels.

    Args:
        path: The file or folder that a labeling tool wrote.
        format: One of `FORMATS`; None recognizes it.
        images: The folder of the pictures, where they do not lie beside the labels.

    Raises:
        InputError: The format is not known, or the labels cannot be used.
    """
    if not os.path.exists(path):
        raise InputError(f"there is no {path}. Give the file or folder of labels")
    if images is not None and not os.path.isdir(images):
        raise InputError(f"there is no folder {images}. Give the folder of the pictures")
    if format is not None and format not in FORMATS:
        raise InputError(f"format must be one of {', '.join(FORMATS)}, got {format!r}")
    labels = _reader(format or _recognized(path)).read(path, images)
    check_names(path, labels.keypoints)
    if not any(one.labeled.any() for image in labels.images for one in image.objects):
        raise InputError(
            f"{path} has {len(labels.images)} images without a single labeled keypoint"
        )
    return labels


def _recognized(path: Path) -> str:
    """Return the one format that labels have."""
    found = [name for name in FORMATS if _reader(name).recognizes(path)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"{path} looks like {' and '.join(found)}. Say which by --format")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path} cannot be read. Give yourself the right to read it")
    if path.is_file() and zipfile.is_zipfile(path):
        raise InputError(f"{path} is an archive. Unpack it, and give the folder")
    raise InputError(f"{path} is not in a format that is known: {'; '.join(FORMATS.values())}")


def _reader(format: str) -> Reader:
    return cast(Reader, import_module(f"mmhg.labels.{format}"))
