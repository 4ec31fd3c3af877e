"""FLIC from the authors' files and from examples.mat: pixels, crops, left and right, refusals."""

import os
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from mmpose.registry import DATASETS, METRICS
from scipy.io import savemat

from mmhg.datasets import FLICDataset
from mmhg.datasets.formats.matlab import struct
from mmhg.errors import InputError

REAL = Path(os.environ.get("MMHG_SHARED_DATA", "")) / "flic"
real_files = pytest.mark.skipif(
    not (REAL / "train.h5").is_file(),
    reason="MMHG_SHARED_DATA does not name a folder with flic/train.h5",
)

COLUMNS = [0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16]  # of examples.mat's coords, from 0
FRONT = np.array(  # 1-based px; the left shoulder on the image's right
    [
        [220, 100],
        [230, 150],
        [235, 200],
        [120, 104],
        [110, 150],
        [105, 210],
        [200, 260],
        [140, 264],
        [180, 60],
        [160, 61],
        [170, 70],
    ],
    dtype=np.float64,
)
MIRRORED = [3, 4, 5, 0, 1, 2, 7, 6, 9, 8, 10]
BACK = FRONT[MIRRORED]
"""The same points of a person who faces away, labeled on the body."""
TORSO = float(np.hypot(120 - 200, 104 - 260))
TORSO_BACK = float(np.hypot(220 - 140, 100 - 264))


def authors_people(**changes):
    """Make two people in the authors' format, the second facing away."""
    fields = {
        "imgname": np.array([b"film-1.jpg", b"film-2.jpg"]),
        "center": np.array([[170.5, 240.0], [180.0, 240.0]], np.float32),
        "scale": np.array([2.2, 2.2]),
        "part": np.stack([FRONT, FRONT]),
        "visible": np.ones((2, 11)),
        "normalize": np.array([TORSO, TORSO_BACK]),
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}


@pytest.fixture
def authors_file(tmp_path):
    def write(**changes):
        with h5py.File(tmp_path / "valid.h5", "w") as file:
            for name, value in authors_people(**changes).items():
                file[name] = value
        return str(tmp_path / "valid.h5")

    return write


def example(joints=FRONT, name="film-1.jpg", *, train=False, **changes):
    """Make one of FLIC's own people."""
    coords = np.full((2, 29), np.nan)
    coords[:, COLUMNS] = joints.T
    fields = {
        "moviename": "film",
        "coords": coords,
        "filepath": name,
        "imgdims": np.array([[480, 720, 3]]),
        "currframe": 1.0,
        "torsobox": np.array([[101.0, 90.0, 240.0, 270.0]]),
        "istrain": np.array([[train]]),
        "istest": np.array([[not train]]),
    }
    return {key: value for key, value in (fields | changes).items() if value is not ...}


@pytest.fixture
def examples_file(tmp_path):
    def write(examples):
        savemat(tmp_path / "examples.mat", {"examples": struct(examples)})
        return str(tmp_path / "examples.mat")

    return write


def keypoints(dataset):
    return [sample["keypoints"][0].tolist() for sample in dataset]


def test_is_registered():
    assert DATASETS.get("FLICDataset") is FLICDataset


def test_joints_by_name_and_by_mirror_image():
    meta = FLICDataset(lazy_init=True).metainfo
    names = meta["keypoint_id2name"]
    assert [names[k] for k in (0, 3, 6, 10)] == [
        "left_shoulder",
        "right_shoulder",
        "left_hip",
        "nose",
    ]
    assert meta["flip_indices"] == MIRRORED
    assert meta["lower_body_ids"] == [6, 7]
    assert meta["keypoint_colors"][[0, 3, 10]].tolist() == [
        [0, 255, 0],
        [255, 128, 0],
        [51, 153, 255],
    ]
    assert (0, 1) in meta["skeleton_links"]
    assert meta["dataset_keypoint_weights"].tolist() == pytest.approx(
        [1, 1.2, 1.5, 1, 1.2, 1.5, 1, 1, 1, 1, 1]
    )
    assert meta["sigmas"][[0, 7, 10]].tolist() == pytest.approx([0.079, 0.107, 0.026])


def test_pixels_box_and_torso_of_the_authors_file(authors_file):
    one, _ = dataset = FLICDataset(ann_file=authors_file(), data_prefix={"img": "images/"})
    assert keypoints(dataset) == [(FRONT - 1).tolist()] * 2
    # center (170.5, 240) less 1, side 200 x 2.2, not adjusted again
    assert one["bbox"].tolist() == [[169.5 - 220, 239 - 220, 169.5 + 220, 239 + 220]]
    assert one["torso_size"].tolist() == [[TORSO]]
    assert one["keypoints_visible"].tolist() == [[1.0] * 11]
    assert one["img_path"] == "images/film-1.jpg"
    assert dataset.metainfo["side_convention"] == "observer-centric"


def test_person_centric_labels_of_the_authors_file(authors_file):
    path = authors_file()
    dataset = FLICDataset(ann_file=path, side_convention="person-centric")
    assert keypoints(dataset) == [(FRONT - 1).tolist(), (BACK - 1).tolist()]
    assert [sample["torso_size"].item() for sample in dataset] == [TORSO, TORSO_BACK]
    assert dataset.metainfo["side_convention"] == "person-centric"


def test_a_torso_with_equal_diagonals_counts_as_not_exchanged(authors_file):
    upright = FRONT.copy()
    upright[[0, 3, 6, 7]] = [[220, 100], [120, 100], [220, 260], [120, 260]]
    path = authors_file(part=np.stack([upright] * 2), normalize=[np.hypot(100, 160)] * 2)
    assert (
        keypoints(FLICDataset(ann_file=path, side_convention="person-centric"))
        == [(upright - 1).tolist()] * 2
    )


def test_a_normalize_that_is_no_torso_of_theirs(authors_file):
    path = authors_file(normalize=np.array([TORSO, 100.0]))
    assert FLICDataset(ann_file=path)[1]["torso_size"].item() == 100
    with pytest.raises(InputError, match=r"valid\.h5: person 1 .*film-2\.jpg.*normalize 100"):
        FLICDataset(ann_file=path, side_convention="person-centric")


def test_missing_joints_of_the_authors_file(authors_file):
    parts = np.stack([FRONT, FRONT])
    parts[0, 2] = 0
    parts[1, 10] = np.nan
    dataset = FLICDataset(ann_file=authors_file(part=parts))
    assert [sample["keypoints_visible"][0].tolist().index(0) for sample in dataset] == [2, 10]
    assert keypoints(dataset)[1][10] == [0, 0]


def test_examples_of_a_split(examples_file):
    path = examples_file([example(name="a.jpg", train=True), example(name="b.jpg")])
    for split, name in (("train", "a.jpg"), ("test", "b.jpg")):
        (sample,) = FLICDataset(ann_file=path, split=split)
        assert sample["img_path"] == name
        assert sample["keypoints"][0].tolist() == (FRONT - 1).tolist()
        # the middle of the torsobox, (101 + 240) / 2, and 240
        assert sample["bbox"].tolist() == [[169.5 - 220, 239 - 220, 169.5 + 220, 239 + 220]]
        assert sample["torso_size"].item() == pytest.approx(TORSO)


def test_left_and_right_of_the_examples(examples_file):
    path = examples_file([example(FRONT), example(BACK)])
    body = FLICDataset(ann_file=path, split="test", side_convention="person-centric")
    image = FLICDataset(ann_file=path, split="test")
    assert keypoints(body) == [(FRONT - 1).tolist(), (BACK - 1).tolist()]
    assert keypoints(image) == [(FRONT - 1).tolist()] * 2
    for dataset in (body, image):  # the torso is the body's with either
        assert [sample["torso_size"].item() for sample in dataset] == pytest.approx(
            [TORSO, TORSO_BACK]
        )


def test_both_files_agree(authors_file, examples_file):
    first, second = authors_file(), examples_file([example(FRONT), example(BACK)])
    for convention in ("observer-centric", "person-centric"):
        one = FLICDataset(ann_file=first, side_convention=convention)
        other = FLICDataset(ann_file=second, split="test", side_convention=convention)
        assert keypoints(one) == keypoints(other)
        first_torsos = [sample["torso_size"].item() for sample in one]
        assert first_torsos == pytest.approx([sample["torso_size"].item() for sample in other])


def test_missing_joints_of_the_examples(examples_file):
    joints = FRONT.copy()
    joints[3] = np.nan
    (sample,) = FLICDataset(ann_file=examples_file([example(joints)]), split="test")
    assert sample["keypoints_visible"][0].tolist() == [1, 1, 1, 0, *[1] * 7]
    assert "torso_size" not in sample


def test_people_without_joints_are_left_out_of_training(examples_file, monkeypatch):
    logged = []
    monkeypatch.setattr(
        "mmhg.datasets.person_dataset.print_log", lambda text, **_: logged.append(text)
    )
    unlabeled = example(np.full((11, 2), np.nan))
    path = examples_file([unlabeled, example()])
    assert [sample["id"] for sample in FLICDataset(ann_file=path, split="test")] == [1]
    text = "1 of 2 people left out of training, who lack an annotated joint, for example person 0"
    assert logged == [f"{path}: {text} (from 0)"]
    assert len(FLICDataset(ann_file=path, split="test", test_mode=True)) == 2
    with pytest.raises(InputError, match="no person has an annotated joint"):
        FLICDataset(ann_file=examples_file([unlabeled]), split="test")


def test_bottom_up_groups_all_people_of_an_image(authors_file):
    parts = np.stack([FRONT] * 3)
    names = np.array([b"1.jpg", b"2.jpg", b"1.jpg"])
    path = authors_file(
        imgname=names,
        center=np.full((3, 2), 240.0),
        scale=[2.2] * 3,
        part=parts,
        visible=np.ones((3, 11)),
        normalize=[TORSO] * 3,
    )
    first, second = FLICDataset(ann_file=path, data_mode="bottomup")
    assert (first["id"], second["id"]) == ([0, 2], [1])
    assert first["torso_size"].tolist() == [[TORSO], [TORSO]]


@pytest.mark.parametrize("name", ["imgname", "center", "part", "visible", "normalize"])
def test_authors_file_without_a_field(authors_file, name):
    with pytest.raises(InputError, match=rf"valid\.h5 is not the authors'.*lacks {name}"):
        FLICDataset(ann_file=authors_file(**{name: ...}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"part": np.zeros((2, 16, 2))}, r"part must be .* \(2, 11, 2\), got .* \(2, 16, 2\)"),
        ({"part": 3.0}, r"part must be numbers of shape \(2, 11, 2\), got float64 of shape \(\)"),
        ({"normalize": np.ones(3)}, r"normalize must be numbers of shape \(2,\), got .* \(3,\)"),
        ({"normalize": np.array([b"1", b"2"])}, r"normalize must be numbers of .*, got \|S1"),
        ({"imgname": np.array([b"1.jpg"])}, r"center must be numbers of shape \(1, 2\)"),
        ({"imgname": np.ones(2)}, r"imgname must be names of shape \(2,\), got float64"),
        ({"normalize": np.array([TORSO, 0])}, r"person 1 .*film-2.*must be positive, got 0\.0"),
        ({"scale": np.array([-1, 2.2])}, r"person 0 .*scale must be positive, got -1"),
        ({"center": np.array([[1, np.nan]] * 2)}, r"person 0 .*center must be finite"),
        ({"normalize": np.array([np.inf, 1])}, r"person 0 .*normalize must be finite, got inf"),
    ],
)
def test_unusable_authors_file(authors_file, changes, message):
    with pytest.raises(InputError, match=message) as error:
        FLICDataset(ann_file=authors_file(**changes))
    assert "valid.h5" in str(error.value)


def test_authors_file_without_people(authors_file):
    empty = {name: value[:0] for name, value in authors_people().items()}
    with pytest.raises(InputError, match=r"valid\.h5 has no people"):
        FLICDataset(ann_file=authors_file(**empty))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"coords": np.zeros((2, 11))},
            r"examples\(2\)\.coords must be numbers of shape \(2, 29\)",
        ),
        ({"torsobox": np.zeros((1, 3))}, r"torsobox must be numbers of shape \(4,\).* \(3,\)"),
        ({"torsobox": "none"}, r"torsobox must be numbers"),
        ({"torsobox": np.full((1, 4), np.nan)}, r"person 1 .*torsobox must be finite"),
        ({"filepath": 12.0}, r"examples\(2\)\.filepath must be a file name"),
    ],
)
def test_unusable_example(examples_file, changes, message):
    path = examples_file([example(), example(**changes)])
    with pytest.raises(InputError, match=message) as error:
        FLICDataset(ann_file=path, split="test")
    assert path in str(error.value)


@pytest.mark.parametrize("name", ["coords", "filepath", "torsobox", "istrain", "istest"])
def test_examples_without_a_field(examples_file, name):
    with pytest.raises(InputError, match=rf"examples\.mat: examples\(1\) lacks {name}"):
        FLICDataset(ann_file=examples_file([example(**{name: ...})]), split="test")


def test_settings_that_do_not_fit(authors_file, examples_file, tmp_path):
    own, theirs = examples_file([example()]), authors_file()
    with pytest.raises(InputError, match=r"examples\.mat has all of FLIC\. Set .*split"):
        FLICDataset(ann_file=own)
    with pytest.raises(InputError, match=r"valid\.h5 is one split.*'test'"):
        FLICDataset(ann_file=theirs, split="test")
    with pytest.raises(InputError, match=r"none of the 1 examples is in split 'train'"):
        FLICDataset(ann_file=own, split="train")
    with pytest.raises(InputError, match=r"split must be one of .*'train', 'test'.*'val'"):
        FLICDataset(ann_file=own, split="val")
    with pytest.raises(InputError, match=r"side_convention must be one of .*got 'mine'"):
        FLICDataset(ann_file=theirs, side_convention="mine")


def test_files_that_are_not_there_or_something_else(tmp_path):
    with pytest.raises(InputError, match=r"none\.h5 does not exist\. .*ann_file"):
        FLICDataset(ann_file="none.h5", data_root=str(tmp_path))
    with pytest.raises(InputError, match=r"valid\.json must be the authors' \.h5 or"):
        FLICDataset(ann_file="valid.json", data_root=str(tmp_path))
    for name in ("valid.h5", "examples.mat"):
        (tmp_path / name).write_bytes(b"neither HDF5 nor MATLAB, but long enough " * 10)
    with pytest.raises(InputError, match=r"valid\.h5 is not an HDF5 file that can be read"):
        FLICDataset(ann_file=str(tmp_path / "valid.h5"))
    with pytest.raises(InputError, match=r"examples\.mat is not a MATLAB file that can be read"):
        FLICDataset(ann_file=str(tmp_path / "examples.mat"), split="test")
    savemat(tmp_path / "examples.mat", {"joints": np.zeros((3, 14, 2))})
    with pytest.raises(InputError, match=r"examples\.mat has no struct array 'examples'"):
        FLICDataset(ann_file=str(tmp_path / "examples.mat"), split="test")


def test_a_truncated_authors_file(authors_file):
    path = Path(authors_file())
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(InputError, match=r"valid\.h5 is not an HDF5 file that can be read"):
        FLICDataset(ann_file=str(path))


def test_crop_and_score_of_a_sample(authors_file, tmp_path):
    """Compare the crop with the box, and check that the torso size reaches the metric."""
    (tmp_path / "images").mkdir()
    picture = np.zeros((480, 720, 3), np.uint8)
    assert cv2.imwrite(str(tmp_path / "images/film-1.jpg"), picture)
    dataset = FLICDataset(
        ann_file=authors_file(),
        data_root=str(tmp_path),
        data_prefix={"img": "images/"},
        pipeline=[
            {"type": "LoadWholeImage"},
            {"type": "GetBBoxCenterScale", "padding": 1.0},
            {"type": "TopdownAffine", "input_size": (256, 256)},
            {"type": "PackPoseInputs"},
        ],
        test_mode=True,
    )
    sample = dataset[0]["data_samples"]
    assert sample.input_center.tolist() == [169.5, 239.0]
    assert sample.input_scale.tolist() == [440.0, 440.0]
    for offset, expected in ((0.0, 100), (0.199, 100), (0.201, 0)):
        sample.pred_instances = sample.gt_instances.clone()
        moved = sample.gt_instances.keypoints + np.array([offset * TORSO, 0], np.float32)
        sample.pred_instances.keypoints = moved
        metric = METRICS.build({"type": "TorsoPCKMetric"})
        metric.dataset_meta = dataset.metainfo
        metric.process(None, [sample.to_dict()])
        assert metric.evaluate(1)["PCK@0.2"] == expected
        assert metric.scores.convention == "observer-centric"
    with pytest.raises(InputError, match=r"cannot read image .*film-2\.jpg"):
        dataset[1]


@real_files
@pytest.mark.parametrize(
    ("name", "count", "away", "first_torso"),
    [("train.h5", 3987, 199, 192.507), ("valid.h5", 1016, 48, 162.539)],
)
def test_the_real_files(name, count, away, first_torso):
    settings = {"ann_file": str(REAL / name), "test_mode": True}
    image = FLICDataset(**settings)
    body = FLICDataset(**settings, side_convention="person-centric")
    assert len(image) == len(body) == count
    seen, own = (np.concatenate([s["keypoints"] for s in dataset]) for dataset in (image, body))
    torsos = np.array([sample["torso_size"].item() for sample in image])
    assert torsos[0] == pytest.approx(first_torso, abs=1e-3)
    assert all(sample["bbox"][0, 1::2].tolist() == pytest.approx([19, 459]) for sample in image)

    assert (seen[:, 0, 0] > seen[:, 3, 0]).all()
    assert (seen[:, 6, 0] > seen[:, 7, 0]).all()
    exchanged = (seen != own).any(axis=(1, 2))
    assert exchanged.sum() == away
    np.testing.assert_array_equal(own[exchanged], seen[exchanged][:, MIRRORED])
    # of the person's own right shoulder and left hip
    np.testing.assert_allclose(np.linalg.norm(own[:, 3] - own[:, 6], axis=1), torsos, atol=1e-4)
    observed = np.linalg.norm(seen[:, 3] - seen[:, 6], axis=1)
    kept = {"train.h5": 3789, "valid.h5": 968}[name]  # within 1e-3, the undecided ones among them
    assert (np.abs(observed - torsos) < 1e-3).sum() == kept


@real_files
def test_scores_on_the_real_people():
    """Score perfect predictions, exchanged sides, and the other convention."""
    dataset = FLICDataset(ann_file=str(REAL / "valid.h5"), test_mode=True)
    samples = list(dataset)
    body = FLICDataset(
        ann_file=str(REAL / "valid.h5"), test_mode=True, side_convention="person-centric"
    )
    own = [sample["keypoints"] for sample in body]

    def score(predictions):
        metric = METRICS.build({"type": "TorsoPCKMetric"})
        metric.dataset_meta = dataset.metainfo
        metric.process(
            None,
            [
                {
                    "id": sample["id"],
                    "img_path": sample["img_path"],
                    "gt_instances": sample,
                    "pred_instances": {"keypoints": predicted},
                }
                for sample, predicted in zip(samples, predictions, strict=True)
            ],
        )
        return metric.evaluate(len(samples))

    assert set(score([s["keypoints"] for s in samples]).values()) == {100.0}
    mistaken = score([s["keypoints"][:, MIRRORED] for s in samples])
    assert mistaken["Nose"] == 100
    assert mistaken["Shoulder"] == mistaken["Elbow"] == mistaken["Hip"] == 0
    other = score(own)
    assert other["Elbow"] == other["Wrist"] == pytest.approx(100 * (1 - 48 / 1016))
