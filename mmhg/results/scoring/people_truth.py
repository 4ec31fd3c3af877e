"""Read the ground truth of MPII, FLIC, LSP and LSPET for any measure, in their 1-based pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmhg.datasets.formats.flic import JOINTS as FLIC_JOINTS
from mmhg.datasets.formats.flic import SideConvention
from mmhg.datasets.formats.flic_h5 import read_flic_h5
from mmhg.datasets.formats.flic_mat import read_flic_mat
from mmhg.datasets.formats.lsp_mat import JOINTS as LSP_JOINTS
from mmhg.datasets.formats.lsp_mat import read_lsp
from mmhg.datasets.formats.matlab import read_mat
from mmhg.datasets.formats.mpii_mat import JOINTS as MPII_JOINTS
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.plausible import check_people
from mmhg.errors import InputError
from mmhg.results.ground_truth_files import GroundTruth
from mmhg.results.scoring.records import Truth

LSP_SPLITS = ("train", "test")


def flic_truth(path: Path, split: str | None, sides: SideConvention) -> Truth:
    """Read the authors' `.h5`, which is one split, or FLIC's `examples.mat`."""
    if path.suffix == ".h5":
        if split is not None:
            raise InputError(f"--split: ground truth {path} is one split, got {split!r}")
        people = read_flic_h5(str(path), sides)
    else:
        people = read_flic_mat(str(path), _split(path, split), sides)  # type: ignore[arg-type]
    return _of_people("FLIC", path, people, FLIC_JOINTS, sides)


def lsp_truth(path: Path, split: str | None) -> Truth:
    """Read `joints.mat` of LSP, of which the test people are scored, or of LSPET."""
    joints = read_mat(path, ["joints"], f"ground truth {path}")["joints"]
    extended = np.shape(joints)[:1] != (3,)
    of_split = "train" if extended and split is None else _split(path, split)
    people = read_lsp(str(path), of_split)  # type: ignore[arg-type]
    kind = "LSPET" if extended else "LSP"
    return _of_people(kind, path, people, LSP_JOINTS, "person-centric")


def mpii_truth(path: Path, truth: GroundTruth) -> Truth:
    """Take MPII's people for other measures than PCKh."""
    people = len(truth.joints)
    return Truth(
        kind="MPII",
        file=str(path),
        names=MPII_JOINTS,
        keypoints=truth.joints,
        labeled=truth.annotated,
        origin=1,
        ids=range(people),
        images=[("", None)] * people,
        sizes={"head": truth.head_sizes} if np.isfinite(truth.head_sizes).any() else {},
        sides="person-centric",
        notes=[truth.note] if truth.note else [],
    )


def _split(path: Path, split: str | None) -> str:
    if split is not None and split not in LSP_SPLITS:
        raise InputError(f"--split: ground truth {path} has train and test, got {split!r}")
    return split or "test"


def _of_people(
    kind: str, path: Path, people: Sequence[AnnotatedPerson], names: Sequence[str], sides: str
) -> Truth:
    if not people:
        raise InputError(f"ground truth {path} has nobody to score in this split")
    check_people(people, path)
    boxes = [np.full(4, np.nan) if person.box is None else person.box for person in people]
    return Truth(
        kind=kind,
        file=str(path),
        names=names,
        keypoints=np.stack([person.keypoints for person in people]),
        labeled=np.stack([person.annotated for person in people]),
        origin=1,
        ids=range(len(people)),
        images=[(person.image, None) for person in people],
        # FLIC's boxes are the crop, of one size for all; they measure nothing.
        boxes=None if kind == "FLIC" or np.isnan(boxes).all() else np.stack(boxes),
        sizes={"torso": np.array([person.torso_size for person in people])},
        sides=sides,
    )
