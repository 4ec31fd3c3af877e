"""Recognize a ground truth file, and read it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmhg.datasets.formats.flic import SideConvention
from mmhg.datasets.formats.matlab import variables_of
from mmhg.errors import InputError
from mmhg.results.scoring.coco_truth import coco_truth
from mmhg.results.scoring.labels_truth import labels_truth
from mmhg.results.scoring.people_truth import flic_truth, lsp_truth
from mmhg.results.scoring.records import Truth
from mmhg.utils.files import read_json
from mmhg.utils.hdf5 import read_hdf5

KINDS = ("MPII", "FLIC", "LSP", "COCO", "labels")


def kind_of(path: Path) -> str:
    """Tell which of `KINDS` a ground truth is, by its content.

    Raises:
        InputError: There is no such file, it cannot be read, or it is a `.mat` of another kind.
    """
    if not path.exists():
        raise InputError(f"ground truth {path} does not exist")
    if path.is_dir():
        return "labels"
    if path.suffix == ".h5":
        return _kind_of_h5(path)
    if path.suffix == ".mat":
        variables = set(variables_of(path, f"ground truth {path}"))
        if "examples" in variables:
            return "FLIC"
        return "LSP" if "joints" in variables else "MPII"
    if path.suffix == ".json":
        content = read_json(path, f"ground truth {path}")
        if isinstance(content, dict) and isinstance(content.get("images"), list):
            return "COCO"
        people = isinstance(content, list) and content and isinstance(content[0], dict)
        return "MPII" if people and "joints" in content[0] else "labels"
    return "labels"


def read_truth(path: Path, kind: str, split: str | None, sides: SideConvention) -> Truth:
    """Read a ground truth that is not MPII's.

    Args:
        path: The file, or a labeling project's folder.
        kind: Its kind, of `kind_of`.
        split: The people of `examples.mat` and of LSP: `train` or `test`; None for `test`.
        sides: The meaning of left and right in FLIC.

    Raises:
        InputError: The file cannot be used, or the split does not fit.
    """
    if kind == "FLIC":
        return flic_truth(path, split, sides)
    if kind == "LSP":
        return lsp_truth(path, split)
    if split is not None:
        raise InputError(f"--split: ground truth {path} has no splits, got {split!r}")
    return coco_truth(path) if kind == "COCO" else labels_truth(path)


def _kind_of_h5(path: Path) -> str:
    name = f"ground truth {path}"
    try:
        parts = read_hdf5(path, ["part"], name).get("part", np.zeros(0))
    except InputError as error:
        if "none of" in str(error):  # HDF5, but not the authors': a project's labels, perhaps
            return "labels"
        raise
    return "FLIC" if np.shape(parts)[1:] == (11, 2) else "MPII"
