"""Coordinates, crops, head sizes and refusals of the MPII dataset class."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS, METRICS
from scipy.io import savemat

from mmhg.datasets import MPIIPersonDataset
from mmhg.errors import InputError

HEAD_BOX = [10.0, 20.0, 40.0, 60.0]  # diagonal 50, head size 30


def head_box_file(path, people, *, boxes=None, positions=True):
    """Write a file like mpii_gt_val.mat for people in MMPose's format."""
    boxes = [HEAD_BOX] * len(people) if boxes is None else boxes
    content = {"headboxes_src": np.array(boxes).reshape(-1, 2, 2).transpose(1, 2, 0)}
    if positions:
        joints = np.array([person["joints"] for person in people])
        missing = 1 - np.array([person["joints_vis"] for person in people])
        content["pos_gt_src"] = joints.transpose(1, 2, 0)
        content["jnt_missing"] = missing.T
    savemat(path, content)
    return str(path)


def pipeline_to(*steps):
    return [{"type": "LoadWholeImage"}, {"type": "GetBBoxCenterScale"}, *steps]


def test_is_registered():
    assert DATASETS.get("MPIIPersonDataset") is MPIIPersonDataset


def test_joints_and_box_are_zero_based(annotation_file, make_person):
    (sample,) = MPIIPersonDataset(annotation_file([make_person()]), test_mode=True)
    assert sample["keypoints"].shape == (1, 16, 2)
    assert sample["keypoints"][0, 3].tolist() == [129.0, 214.0]  # 130, 215 in the file
    # center (151, 121 + 15 x 0.8) less 1, side 200 x 0.8
    assert sample["bbox"].tolist() == [[150 - 80, 132 - 80, 150 + 80, 132 + 80]]
    assert sample["area"].tolist() == pytest.approx([0.53 * 160**2])
    assert sample["keypoints_visible"].tolist() == [[1.0] * 16]
    assert sample["keypoints_visible"].dtype == np.float32


def test_crop_is_the_papers(annotation_file, make_person, tmp_path, picture):
    """Compare with the center lowered by 15 x scale and the side 200 x 1.25 x scale."""
    picture()
    dataset = MPIIPersonDataset(
        annotation_file([make_person()]),
        data_root=str(tmp_path),
        data_prefix={"img": "images/"},
        pipeline=pipeline_to({"type": "TopdownAffine", "input_size": (256, 256)}),
        test_mode=True,
    )
    results = dataset[0]
    assert results["input_center"].tolist() == [150.0, 132.0]
    assert results["input_scale"].tolist() == [200.0, 200.0]
    assert results["img"].shape == (256, 256, 3)
    expected = (results["keypoints"] - (150, 132)) * 256 / 200 + 128
    np.testing.assert_allclose(results["transformed_keypoints"], expected, atol=1e-3)


def test_crop_shows_what_lies_under_the_joint(annotation_file, make_person, tmp_path):
    """Find a white pixel at a joint (131, 141 in the file) at that joint in the crop."""
    image = np.zeros((240, 300, 3), np.uint8)
    image[140, 130] = 255
    cv2.imwrite(str(tmp_path / "000000012.png"), image)
    one = make_person("000000012.png", joints=[[131.0, 141.0]] * 16)
    dataset = MPIIPersonDataset(
        annotation_file([one]),
        data_root=str(tmp_path),
        pipeline=pipeline_to({"type": "TopdownAffine", "input_size": (256, 256)}),
        test_mode=True,
    )
    results = dataset[0]
    row, column = np.unravel_index(results["img"][..., 0].argmax(), (256, 256))
    x, y = results["transformed_keypoints"][0, 0]
    assert abs(x - column) <= 0.5 * 256 / 200
    assert abs(y - row) <= 0.5 * 256 / 200


@pytest.mark.parametrize("missing", [[-1, -1], [0, 0], [None, None]])
def test_missing_joints(annotation_file, make_person, missing):
    one = make_person(joints_vis=[0, *[1] * 15])
    one["joints"][0] = missing
    (sample,) = MPIIPersonDataset(annotation_file([one]))
    assert sample["keypoints_visible"].tolist() == [[0.0] + [1.0] * 15]
    assert sample["keypoints"][0, 0].tolist() == [0, 0]
    assert sample["keypoints"][0, 1].tolist() == [109, 204]


def test_joint_outside_of_the_image_is_kept_as_annotated(annotation_file, make_person):
    one = make_person()
    one["joints"][5] = [-30.0, 900.0]
    (sample,) = MPIIPersonDataset(annotation_file([one]))
    assert sample["keypoints"][0, 5].tolist() == [-31, 899]
    assert sample["keypoints_visible"][0, 5] == 1


def test_visible_flags(annotation_file, make_person):
    flags = [1, 0, None] + [1] * 13
    people = [make_person(visible=flags), make_person()]
    known, unknown = MPIIPersonDataset(annotation_file(people))
    np.testing.assert_array_equal(known["visible"], [[1, 0, np.nan] + [1] * 13])
    np.testing.assert_array_equal(unknown["visible"], np.full((1, 16), np.nan))


def test_joints_are_named_by_mmpose(tmp_path, monkeypatch):
    """Ignore a config of the same relative path below the current directory."""
    trap = tmp_path / "configs/_base_/datasets/mpii.py"
    trap.parent.mkdir(parents=True)
    trap.write_text("nothing = True")
    monkeypatch.chdir(tmp_path)
    names = MPIIPersonDataset(lazy_init=True).metainfo["keypoint_id2name"]
    assert [names[k] for k in (0, 5, 6, 9, 15)] == [
        "right_ankle",
        "left_ankle",
        "pelvis",
        "head_top",
        "left_wrist",
    ]


def test_head_size_from_the_annotation_file(annotation_file, make_person):
    dataset = MPIIPersonDataset(annotation_file([make_person(head_box=HEAD_BOX)]), test_mode=True)
    assert dataset[0]["head_size"].tolist() == [[30.0]]
    assert dataset.metainfo["has_head_sizes"] is True


def test_head_size_from_the_head_box_file(annotation_file, make_person, tmp_path):
    people = [make_person(), make_person(head_box=[0, 0, 30, 40]), make_person()]
    boxes = [[0, 0, 60, 80], HEAD_BOX, [100, 0, 130, 40]]
    path = head_box_file(tmp_path / "gt.mat", people, boxes=boxes)
    dataset = MPIIPersonDataset(annotation_file(people), headbox_file=path, test_mode=True)
    # of the second person the annotation file's own box counts
    assert [sample["head_size"].item() for sample in dataset] == pytest.approx([60, 30, 30])


def test_without_head_sizes(annotation_file, make_person):
    dataset = MPIIPersonDataset(annotation_file([make_person()]), test_mode=True)
    assert "head_size" not in dataset[0]
    assert dataset.metainfo["has_head_sizes"] is False


def test_head_box_file_of_other_people(annotation_file, make_person, tmp_path):
    people = [make_person(), make_person(joints=[[300.0, 300.0]] * 16)]
    path = head_box_file(tmp_path / "gt.mat", people)
    with pytest.raises(InputError, match=r"gt\.mat.*2 people.*has 1"):
        MPIIPersonDataset(annotation_file(people[:1]), headbox_file=path, test_mode=True)
    with pytest.raises(InputError, match=r"another order: person 0 .* px apart"):
        MPIIPersonDataset(annotation_file(people[::-1]), headbox_file=path, test_mode=True)


def test_head_box_file_with_a_few_wrong_coordinates(annotation_file, make_person, tmp_path):
    people = [make_person()]
    damaged = [make_person()]
    for k in (0, 1, 4, 5):  # as one person of mpii_gt_val.mat
        damaged[0]["joints"][k] = [0.0, 0.0]
    path = head_box_file(tmp_path / "gt.mat", damaged)
    dataset = MPIIPersonDataset(annotation_file(people), headbox_file=path, test_mode=True)
    assert dataset[0]["head_size"].item() == 30


def test_head_box_file_without_positions(annotation_file, make_person, tmp_path):
    people = [make_person()]
    path = head_box_file(tmp_path / "gt.mat", people, positions=False)
    dataset = MPIIPersonDataset(annotation_file(people), headbox_file=path, test_mode=True)
    assert dataset[0]["head_size"].item() == 30


def test_head_box_file_that_cannot_be_used(annotation_file, make_person, tmp_path):
    path = annotation_file([make_person()])
    with pytest.raises(InputError, match=r"none\.mat does not exist"):
        MPIIPersonDataset(path, headbox_file=str(tmp_path / "none.mat"), test_mode=True)
    (tmp_path / "text.mat").write_text("no MATLAB file at all")
    with pytest.raises(InputError, match=r"text\.mat is not mpii_gt_val\.mat"):
        MPIIPersonDataset(path, headbox_file=str(tmp_path / "text.mat"), test_mode=True)
    savemat(tmp_path / "other.mat", {"preds": np.zeros((1, 16, 2))})
    with pytest.raises(InputError, match=r"other\.mat is not mpii_gt_val\.mat"):
        MPIIPersonDataset(path, headbox_file=str(tmp_path / "other.mat"), test_mode=True)


def test_people_without_joints(annotation_file, make_person, monkeypatch):
    logged = []
    monkeypatch.setattr(
        "mmhg.datasets.person_dataset.print_log", lambda text, **_: logged.append(text)
    )
    unlabeled = make_person(joints=[[-1, -1]] * 16, joints_vis=[0] * 16)
    path = annotation_file([unlabeled, make_person(), unlabeled])
    training = MPIIPersonDataset(path)
    assert [sample["id"] for sample in training] == [1]
    example = "who lack an annotated joint, for example person 0 (from 0)"
    assert logged == [f"{path}: 2 of 3 people left out of training, {example}"]
    assert [sample["id"] for sample in MPIIPersonDataset(path, test_mode=True)] == [0, 1, 2]
    with pytest.raises(InputError, match="no person has an annotated joint"):
        MPIIPersonDataset(annotation_file([unlabeled]))


@pytest.mark.parametrize("changes", [{"scale": -1.0}, {"scale": 0}, {"center": [-1.0, -1.0]}])
def test_people_without_center_or_scale(annotation_file, make_person, changes):
    path = annotation_file([make_person(), make_person(**changes)])
    assert [sample["id"] for sample in MPIIPersonDataset(path)] == [0]
    with pytest.raises(InputError, match=r"person 1 .*cannot be cropped"):
        MPIIPersonDataset(path, test_mode=True)


def test_image_ids(annotation_file, make_person):
    numbered = [make_person("000000012.jpg"), make_person("7.jpg"), make_person("000000012.jpg")]
    assert [s["img_id"] for s in MPIIPersonDataset(annotation_file(numbered))] == [12, 7, 12]
    named = [make_person("b.jpg"), make_person("7.jpg"), make_person("b.jpg")]
    assert [s["img_id"] for s in MPIIPersonDataset(annotation_file(named))] == [0, 1, 0]
    clashing = [make_person("07.jpg"), make_person("7.jpg")]
    assert [s["img_id"] for s in MPIIPersonDataset(annotation_file(clashing))] == [0, 1]


def test_bottom_up_groups_all_people_of_an_image(annotation_file, make_person):
    people = [make_person("1.jpg"), make_person("2.jpg"), make_person("1.jpg", head_box=HEAD_BOX)]
    first, second = MPIIPersonDataset(annotation_file(people), data_mode="bottomup")
    assert first["keypoints"].shape == (2, 16, 2)
    assert second["keypoints"].shape == (1, 16, 2)
    assert first["id"] == [0, 2]


@pytest.mark.parametrize(
    ("people", "message"),
    [
        ("{not json", "is not JSON"),
        ('{"annotations": []}', "must be a list of people.* got a dict"),
        ("[]", "got an empty list"),
        ("[3]", "person 0 .* is a int"),
    ],
)
def test_file_that_is_not_a_list_of_people(annotation_file, people, message):
    path = annotation_file(people)
    with pytest.raises(InputError, match=message) as error:
        MPIIPersonDataset(path)
    assert path in str(error.value)


def test_missing_annotation_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.json does not exist\. .* ann_file"):
        MPIIPersonDataset("none.json", data_root=str(tmp_path))


@pytest.mark.parametrize("key", ["image", "center", "scale", "joints", "joints_vis"])
def test_person_without_a_field(annotation_file, make_person, key):
    with pytest.raises(InputError, match=rf"mpii_val\.json: person 1 .* has no '{key}'"):
        MPIIPersonDataset(annotation_file([make_person(), make_person(**{key: ...})]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"joints": [[1.0, 2.0]] * 15}, r"'joints' must have shape \(16, 2\), got \(15, 2\)"),
        ({"joints": [[1.0, 2.0, 3.0]] * 16}, r"\(16, 2\), got \(16, 3\)"),
        ({"joints": [[1.0, 2.0]] * 15 + [[1.0]]}, r"'joints' must be numbers of shape \(16, 2\)"),
        ({"joints": [[1.0, float("nan")]] * 16}, "'joints' must be finite"),
        ({"joints_vis": [1] * 17}, r"'joints_vis' must have shape \(16,\), got \(17,\)"),
        ({"joints_vis": [None] * 16}, "'joints_vis' must be finite"),
        ({"visible": [1] * 15}, r"'visible' must have shape \(16,\)"),
        ({"center": [1.0]}, r"'center' must have shape \(2,\)"),
        ({"center": [1.0, None]}, "'center' must be finite"),
        ({"scale": "large"}, "'scale' must be numbers"),
        ({"scale": float("inf")}, "'scale' must be finite"),
        ({"image": 12}, "'image' must be a file name"),
        ({"head_box": [1, 2, 3]}, r"'head_box' must have shape \(4,\)"),
        ({"head_box": [5, 5, 5, 5]}, "'head_box' is empty"),
    ],
)
def test_unusable_person_is_named(annotation_file, make_person, changes, message):
    path = annotation_file([make_person(), make_person(**changes)])
    with pytest.raises(InputError, match=message) as error:
        MPIIPersonDataset(path)
    assert f"{path}: person 1 (from 0)" in str(error.value)


def test_scored_by_our_metric_and_by_mmposes(annotation_file, make_person, tmp_path, picture):
    """Score perfect predictions 100, and others that are one pixel off."""
    picture()
    dataset = MPIIPersonDataset(
        annotation_file([make_person(head_box=HEAD_BOX)]),
        data_root=str(tmp_path),
        data_prefix={"img": "images/"},
        pipeline=pipeline_to(
            {"type": "TopdownAffine", "input_size": (64, 64)}, {"type": "PackPoseInputs"}
        ),
        test_mode=True,
    )
    sample = dataset[0]["data_samples"]
    for offset, expected in ((0, 100), (14, 100), (16, 0)):  # the threshold is 15 px
        sample.pred_instances = sample.gt_instances.clone()
        sample.pred_instances.keypoints = sample.gt_instances.keypoints + np.array([offset, 0])
        metric = METRICS.build({"type": "PCKhMetric"})
        metric.dataset_meta = dataset.metainfo
        metric.process(None, [sample.to_dict()])
        assert metric.evaluate(1)["PCKh@0.5"] == expected
    metric = METRICS.build({"type": "PCKAccuracy", "thr": 0.2})  # of the box's side, 160 px
    metric.process(None, [sample.to_dict()])
    assert metric.evaluate(1)["PCK"] == 1


def test_real_annotations_load():
    folder = Path(os.environ.get("MMHG_SHARED_DATA", "")) / "mpii"
    if not (folder / "mpii_mini.json").is_file():
        pytest.skip("MMHG_SHARED_DATA does not name a folder with mpii/mpii_mini.json")
    assert DefaultScope.get_current_instance().scope_name == "mmpose"
    dataset = MPIIPersonDataset(
        "mpii_mini.json",
        data_root=str(folder),
        data_prefix={"img": "images/"},
        pipeline=pipeline_to({"type": "TopdownAffine", "input_size": (256, 256)}),
        test_mode=True,
    )
    assert len(dataset) == 5
    sample = dataset[0]
    assert sample["img_id"] == 5808361
    assert sample["ori_shape"] == (720, 1280)
    assert sample["keypoints"][0, 0].tolist() == [803, 710]
    np.testing.assert_allclose(sample["input_center"], (965, 339 + 15 * 4.718488))
    np.testing.assert_allclose(sample["input_scale"], 250 * 4.718488)
    with pytest.raises(InputError, match="2958 people"):
        MPIIPersonDataset(
            str(folder / "mpii_mini.json"),
            headbox_file=str(folder / "mpii_gt_val.mat"),
            test_mode=True,
        )


def test_every_second_person_validates(annotation_file, make_person):
    people = [make_person(image=f"00000000{number}.jpg") for number in range(5)]
    del people[1]["center"], people[1]["scale"]  # only validation needs a crop
    people[1] |= dict(center=[-1, -1], scale=-1)
    settings = dict(ann_file=annotation_file(people), hold_out=2)
    training, validation = (
        MPIIPersonDataset(**settings),
        MPIIPersonDataset(**settings, test_mode=True),
    )
    assert [training[i]["id"] for i in range(len(training))] == [3]
    assert [validation[i]["id"] for i in range(len(validation))] == [0, 2, 4]
