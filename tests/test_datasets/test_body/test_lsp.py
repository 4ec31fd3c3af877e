"""LSP and LSPET: layouts, flags, splits, boxes, refusals."""

import cv2
import numpy as np
import pytest
from mmpose.registry import DATASETS, METRICS, TRANSFORMS
from scipy.io import savemat

from mmhg.datasets import LSPDataset, WholeImageBox
from mmhg.errors import InputError

LEFT_SHOULDER, RIGHT_HIP = 9, 2


def lsp_points():
    """Make x, y (2000, 14, 2) in 1-based px, different for each person and joint."""
    people, joints = np.meshgrid(np.arange(2000), np.arange(14), indexing="ij")
    return np.stack([10 + joints + people / 2000, 20 + 3 * joints], axis=2).astype(np.float64)


@pytest.fixture
def lsp_file(tmp_path):
    """Write LSP's joints.mat."""

    def write(points=None, occluded=0.0):
        points = lsp_points() if points is None else points
        flags = np.broadcast_to(occluded, points.shape[:2])[..., None]
        joints = np.concatenate([points, flags], axis=2).transpose(2, 1, 0)
        savemat(tmp_path / "joints.mat", {"joints": joints})
        return str(tmp_path / "joints.mat")

    return write


@pytest.fixture
def lspet_file(tmp_path):
    """Write LSPET's joints.mat."""

    def write(points, flags):
        joints = np.concatenate([points, np.asarray(flags)[..., None]], axis=2)
        savemat(tmp_path / "joints.mat", {"joints": joints.transpose(1, 2, 0)})
        return str(tmp_path / "joints.mat")

    return write


def test_are_registered():
    assert DATASETS.get("LSPDataset") is LSPDataset
    assert TRANSFORMS.get("WholeImageBox") is WholeImageBox


def test_joints_by_name_and_by_mirror_image():
    meta = LSPDataset(split="train", lazy_init=True).metainfo
    names = meta["keypoint_id2name"]
    assert [names[k] for k in (0, 5, RIGHT_HIP, LEFT_SHOULDER, 12, 13)] == [
        "right_ankle",
        "left_ankle",
        "right_hip",
        "left_shoulder",
        "neck",
        "head_top",
    ]
    assert meta["flip_indices"] == [5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, 12, 13]
    assert meta["lower_body_ids"] == [0, 1, 2, 3, 4, 5]
    assert meta["side_convention"] == "person-centric"


def test_splits_and_names_of_lsp(lsp_file):
    path = lsp_file()
    train = LSPDataset(ann_file=path, split="train", data_prefix={"img": "images/"})
    test = LSPDataset(ann_file=path, split="test", test_mode=True)
    assert len(train) == len(test) == 1000
    assert train[0]["img_path"] == "images/im0001.jpg"
    assert train[999]["img_path"] == "images/im1000.jpg"
    assert test[0]["img_path"] == "im1001.jpg"
    assert test[999]["img_path"] == "im2000.jpg"
    expected = lsp_points() - 1
    np.testing.assert_allclose(train[3]["keypoints"][0], expected[3], rtol=1e-6)
    np.testing.assert_allclose(test[3]["keypoints"][0], expected[1003], rtol=1e-6)


def test_box_from_the_joints_in_training_only(lsp_file):
    path = lsp_file()
    one = LSPDataset(ann_file=path, split="train")[0]
    assert one["bbox"].tolist() == [[9, 19, 9 + 13, 19 + 39]]
    assert "bbox" not in LSPDataset(ann_file=path, split="test", test_mode=True)[0]


def test_torso_is_left_shoulder_to_right_hip(lsp_file):
    one = LSPDataset(ann_file=lsp_file(), split="train")[0]
    assert one["torso_size"].item() == pytest.approx(np.hypot(7, 21))


def test_occluded_joints_of_lsp_are_annotated(lsp_file):
    occluded = np.zeros((2000, 14))
    occluded[0, [0, 13]] = 1
    one, other = LSPDataset(ann_file=lsp_file(occluded=occluded), split="train", indices=2)
    assert one["keypoints_visible"].tolist() == [[1.0] * 14]
    assert one["visible"][0].tolist() == [0, *[1] * 12, 0]
    assert other["visible"][0].tolist() == [1] * 14


def test_flags_of_lspet_say_what_is_annotated(lspet_file):
    points = lsp_points()[:3]
    points[0, 0] = [0, 0]
    flags = np.ones((3, 14))
    flags[0, 0] = flags[1, RIGHT_HIP] = 0
    first, second, third = LSPDataset(ann_file=lspet_file(points, flags), split="train")
    assert first["img_path"] == "im00001.jpg"
    assert first["keypoints_visible"][0].tolist() == [0] + [1] * 13
    assert first["keypoints"][0, :2].tolist() == [[0, 0], [10, 22]]
    np.testing.assert_array_equal(first["visible"][0], [np.nan] + [1] * 13)
    assert first["bbox"].tolist() == [[10, 22, 9 + 13, 19 + 39]]  # of the annotated joints
    assert first["torso_size"].item() == pytest.approx(np.hypot(7, 21))
    assert "torso_size" not in second
    np.testing.assert_allclose(third["keypoints"][0], points[2] - 1, rtol=1e-6)


def test_people_without_extent_are_left_out_of_training(lspet_file, monkeypatch):
    logged = []
    monkeypatch.setattr(
        "mmhg.datasets.person_dataset.print_log", lambda text, **_: logged.append(text)
    )
    flags = np.ones((3, 14))
    flags[0] = 0
    flags[1, 1:] = 0
    path = lspet_file(lsp_points()[:3], flags)
    assert [s["img_path"] for s in LSPDataset(ann_file=path, split="train")] == ["im00003.jpg"]
    example = "who lack a box, for example person 0 (from 0)"
    assert logged == [f"{path}: 2 of 3 people left out of training, {example}"]


def test_people_without_extent_are_left_out_of_a_validation_that_uses_boxes(
    lspet_file, monkeypatch
):
    logged = []
    monkeypatch.setattr(
        "mmhg.datasets.person_dataset.print_log", lambda text, **_: logged.append(text)
    )
    flags = np.ones((7, 14))
    flags[2, 1:] = 0
    path = lspet_file(lsp_points()[:7], flags)
    held_out = LSPDataset(ann_file=path, split="train", hold_out=2, test_mode=True)
    assert [sample["id"] for sample in held_out] == [0, 4, 6]
    example = "who lack a box, for example person 2 (from 0)"
    assert logged == [f"{path}: 1 of 4 people left out of validation, {example}"]


def test_the_test_crop_does_not_look_at_the_joints(lsp_file, tmp_path):
    (tmp_path / "images").mkdir()
    image = np.zeros((180, 120, 3), np.uint8)
    assert cv2.imwrite(str(tmp_path / "images/im1001.jpg"), image)
    dataset = LSPDataset(
        ann_file=lsp_file(),
        data_root=str(tmp_path),
        data_prefix={"img": "images/"},
        split="test",
        pipeline=[
            {"type": "LoadWholeImage"},
            {"type": "WholeImageBox"},
            {"type": "GetBBoxCenterScale"},
            {"type": "TopdownAffine", "input_size": (256, 256)},
            {"type": "PackPoseInputs"},
        ],
        test_mode=True,
    )
    sample = dataset[0]["data_samples"]
    assert sample.input_center.tolist() == [59.5, 89.5]
    assert sample.input_scale.tolist() == [1.25 * 180] * 2

    metrics = [METRICS.build({"type": kind}) for kind in ("TorsoPCKMetric", "PCPMetric")]
    sample.pred_instances = sample.gt_instances.clone()
    for metric, key in zip(metrics, ("PCK@0.2", "PCP@0.5"), strict=True):
        metric.dataset_meta = dataset.metainfo
        metric.process(None, [sample.to_dict()])
        assert metric.evaluate(1)[key] == 100
        assert metric.scores.convention == "person-centric"
    with pytest.raises(InputError, match=r"cannot read image .*im1002\.jpg"):
        dataset[1]


def test_both_sets_together(lsp_root):
    metainfo = LSPDataset.METAINFO
    sets = [
        {
            "type": "LSPDataset",
            "ann_file": "joints.mat",
            "data_root": f"{lsp_root}/{name}",
            "split": "train",
        }
        for name in ("lsp", "lspet")
    ]
    combined = DATASETS.build({"type": "CombinedDataset", "metainfo": metainfo, "datasets": sets})
    assert len(combined) == 1000 + 4
    assert combined[999]["img_path"].endswith("im1000.jpg")
    assert combined[1000]["img_path"].endswith("im00001.jpg")
    assert combined.metainfo["flip_indices"][:3] == [5, 4, 3]


def test_settings_that_do_not_fit(lsp_file, lspet_file):
    with pytest.raises(InputError, match=r"split must be one of .*got 'val'"):
        LSPDataset(ann_file=lsp_file(), split="val")
    path = lspet_file(lsp_points()[:2], np.ones((2, 14)))
    with pytest.raises(InputError, match=r"joints\.mat is LSPET's, which is for training only"):
        LSPDataset(ann_file=path, split="test", test_mode=True)


def test_another_number_of_people(lsp_file):
    with pytest.raises(InputError, match=r"joints\.mat has 1999 people, but LSP has 2000"):
        LSPDataset(ann_file=lsp_file(lsp_points()[1:]), split="train")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"preds": np.zeros((3, 14, 2))}, "has no variable 'joints'"),
        ({"joints": np.zeros((16, 2, 5))}, r"14 x 3 x 10000 \(LSPET\), got .* \(16, 2, 5\)"),
        ({"joints": np.zeros((3, 14))}, r"got float64 of shape \(3, 14\)"),
        ({"joints": np.full((3, 14, 2), "a")}, r"must be numbers"),
        ({"joints": np.full((14, 3, 2), 2.0)}, r"flags of im00001\.jpg must be 0 or 1, got"),
    ],
)
def test_unusable_file(tmp_path, variables, message):
    savemat(tmp_path / "joints.mat", variables)
    with pytest.raises(InputError, match=message) as error:
        LSPDataset(ann_file=str(tmp_path / "joints.mat"), split="train")
    assert "joints.mat" in str(error.value)


def test_annotated_joints_must_be_finite(lsp_file):
    points = lsp_points()
    points[7, 3] = np.nan
    with pytest.raises(InputError, match=r"annotated joints of im0008\.jpg must be finite"):
        LSPDataset(ann_file=lsp_file(points), split="train")


def test_files_that_are_not_there_or_damaged(tmp_path):
    with pytest.raises(InputError, match=r"joints\.mat does not exist\. .*ann_file"):
        LSPDataset(ann_file="joints.mat", data_root=str(tmp_path), split="train")
    (tmp_path / "joints.mat").write_bytes(b"no MATLAB file, but long enough to look at " * 10)
    with pytest.raises(InputError, match=r"joints\.mat is not a MATLAB file that can be read"):
        LSPDataset(ann_file=str(tmp_path / "joints.mat"), split="train")


def test_every_third_person_of_lspet_validates_and_keeps_the_extent_as_box(lspet_file):
    points = np.random.default_rng(0).uniform(20, 100, (7, 14, 2))
    settings = dict(
        ann_file=lspet_file(points, np.ones((7, 14))),
        split="train",
        hold_out=3,
        data_prefix={"img": "images/"},
    )
    training, validation = LSPDataset(**settings), LSPDataset(**settings, test_mode=True)
    assert [training[i]["id"] for i in range(len(training))] == [1, 2, 4, 5]
    assert [validation[i]["id"] for i in range(len(validation))] == [0, 3, 6]
    assert [validation[i]["img_path"] for i in range(3)] == [
        f"images/im0000{number}.jpg" for number in (1, 4, 7)
    ]
    extent = np.hstack([points[3].min(0), points[3].max(0)]) - 1  # 0-based
    np.testing.assert_allclose(validation[1]["bbox"][0], extent, rtol=1e-6)


def test_images_of_lspet_can_be_named_for_validation(lspet_file):
    points = np.random.default_rng(0).uniform(20, 100, (4, 14, 2))
    settings = dict(ann_file=lspet_file(points, np.ones((4, 14))), split="train")
    names = ["im00004.jpg", "im00002.jpg"]
    validation = LSPDataset(**settings, hold_out=names, test_mode=True)
    assert [validation[i]["id"] for i in range(len(validation))] == [1, 3]
    with pytest.raises(InputError, match=r"hold_out names 1 images that .*joints.mat does not"):
        LSPDataset(**settings, hold_out=["im0004.jpg"])
