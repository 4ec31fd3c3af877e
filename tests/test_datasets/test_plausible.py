"""Numbers that no person can have are refused in every dataset, with file and person."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from mmhg.datasets import FLICDataset, LSPDataset, MPIIPersonDataset
from mmhg.datasets.mpii_converter import read_splits
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.plausible import check_people, problem_of
from mmhg.errors import InputError
from mmhg.results.ground_truth_files import read_ground_truth


def far(changed: Any) -> Any:
    joints = [[100.0 + 10 * k, 200.0 + 5 * k] for k in range(16)]
    joints[3] = changed
    return joints


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (dict(joints=far([1e9, 3])), r"annotated joint more than 100,000 px .*: \[1e\+09, 3\]"),
        (dict(joints=far([100, -1e300])), r"annotated joint more than 100,000 px"),
        (dict(joints=far([9000, 100])), r"more than 20 heights .*: \[9000, 100\], 160 px, \[151"),
        (dict(center=[1e9, 3]), r"center more than 100,000 px .*: \[1e\+09, 3\]"),
        (dict(scale=1e9), r"scale .* between 0.005 and 500: 1e\+09"),
        (dict(scale=1e300), "scale .* between"),
        (dict(scale=1e-9), "scale .* between"),
        (dict(scale=-2.0), "negative scale: -2"),
        (dict(head_box=[40, 30, 20, 60]), r"head box whose corners .* exchanged: \[40, 30, 20, 60"),
        (dict(head_box=[20, 60, 40, 30]), "head box whose corners"),
        (dict(head_box=[20, 60, 40, 1e7]), "head box more than 100,000 px"),
        (dict(head_size=1e9), r"head size that is not between 0.125 px and 100,000 px: 1e\+09"),
        (dict(head_size=1e-9), r"head size that is not between .*: 1e-09"),
    ],
)
@pytest.mark.parametrize("test_mode", [False, True])
def test_mpii(
    changes: dict[str, Any], message: str, test_mode: bool, annotation_file: Any, make_person: Any
) -> None:
    path = annotation_file([make_person(), make_person("7.jpg", **changes)])
    with pytest.raises(InputError, match=rf"{path}: person 1 \(from 0\), image 7.jpg, .*{message}"):
        MPIIPersonDataset(path, test_mode=test_mode)
    with pytest.raises(InputError, match=rf"{path}: person 1 \(from 0\), image 7.jpg, .*{message}"):
        read_splits([Path(path)])


def test_joints_without_annotation_are_not_looked_at(
    annotation_file: Any, make_person: Any
) -> None:
    flags = [1] * 16
    flags[3] = 0
    path = annotation_file([make_person(joints=far([1e9, 3]), joints_vis=flags)])
    assert len(MPIIPersonDataset(path)) == 1


def person(**fields: Any) -> AnnotatedPerson:
    joints = np.full((16, 2), 50.0)
    known = dict(image="a.jpg", keypoints=joints, annotated=np.full(16, True), visible=np.ones(16))
    return AnnotatedPerson(**{**known, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        dict(center=np.array([40.0, -29.0]), scale=12.44),  # of MPII's validation people
        dict(center=np.array([-270.0, 50.0]), scale=1.0),
        dict(center=np.array([-1.0, -1.0]), scale=-1.0),
        dict(scale=np.nan),
        dict(scale=0.0),
        dict(head_box=np.array([10.0, 10, 10, 40])),
        dict(box=np.array([-500.0, -500, 9e4, 9e4]), torso_size=0.0),
    ],
)
def test_odd_people_pass(fields: dict[str, Any]) -> None:
    assert problem_of(person(**fields)) is None


def test_reason_without_numbers_of_the_person() -> None:
    reasons = {problem_of(person(center=np.zeros(2), scale=s))[0] for s in (-2.0, -3.0)}  # type: ignore[index]
    assert reasons == {"a negative scale"}


@pytest.fixture
def lspet(tmp_path: Path) -> Path:
    person = np.column_stack([np.arange(14.0), np.arange(14.0), np.ones(14)])
    savemat(tmp_path / "joints.mat", {"joints": np.stack([person] * 3, axis=2)})
    return tmp_path / "joints.mat"


def test_lsp(lspet: Path) -> None:
    assert len(LSPDataset(ann_file=str(lspet), split="train")) == 3
    joints = loadmat(lspet)["joints"]
    joints[4, 0, 2] = 1e9
    savemat(lspet, {"joints": joints})
    with pytest.raises(InputError, match=r"joints.mat: person 2 \(from 0\), image im00003.jpg, .*"):
        LSPDataset(ann_file=str(lspet), split="train")


@pytest.mark.parametrize("field", ["part", "center", "scale", "normalize"])
def test_flic(field: str, tmp_path: Path) -> None:
    path = tmp_path / "train.h5"
    torso = np.hypot(50, 80)
    part = np.tile(np.arange(11.0)[:, None] * [5, 7] + 10, (2, 1, 1))
    values = dict(
        imgname=np.array([b"a.jpg", b"b.jpg"]),
        part=part,
        visible=np.ones((2, 11)),
        center=np.full((2, 2), 240.0),
        scale=np.full(2, 2.2),
        normalize=np.full(2, torso),
    )
    values[field][1] = 1e9
    with h5py.File(path, "w") as file:
        for name, value in values.items():
            file[name] = value
    with pytest.raises(InputError, match=r"train.h5: person 1 \(from 0\), image b.jpg, has a"):
        FLICDataset(ann_file=str(path))


@pytest.mark.parametrize("suffix", [".json", ".mat"])
def test_ground_truth_of_scores(
    suffix: str, tmp_path: Path, annotation_file: Any, make_person: Any
) -> None:
    if suffix == ".json":
        good = make_person(head_box=[20, 30, 40, 60])
        path = annotation_file([good, make_person("7.jpg", head_box=[40, 30, 20, 60])])
    else:
        path = str(tmp_path / "mpii_gt_val.mat")
        boxes = np.stack([[[20.0, 30], [40, 60]], [[40.0, 30], [20, 60]]], axis=2)
        places = np.full((16, 2, 2), 50.0)
        savemat(
            path,
            {"headboxes_src": boxes, "pos_gt_src": places, "jnt_missing": np.zeros((16, 2))},
        )
    with pytest.raises(InputError, match=r": person 1 \(from 0\).* head box whose corners"):
        read_ground_truth(path)


def test_the_file_of_head_boxes_is_named(annotation_file: Any, make_person: Any) -> None:
    with pytest.raises(InputError, match=r"file boxes\.mat: person 0"):
        check_people([person(head_box=np.array([3.0, 1, 2, 4]))], "boxes.mat")
