"""Every kind of ground truth is recognized and read."""

import json

import cv2
import h5py
import numpy as np
import pytest
from scipy.io import savemat

from mmhg.datasets.formats.flic import JOINTS as FLIC
from mmhg.errors import InputError
from mmhg.results.scoring.measures import Settings, measure
from mmhg.results.scoring.predictions import read_predicted
from mmhg.results.scoring.truths import kind_of, read_truth

RNG = np.random.default_rng(0)


def read(path, split=None, sides="observer-centric"):
    return read_truth(path, kind_of(path), split, sides)


def write_authors(path, joints=11, people=3):
    with h5py.File(path, "w") as file:
        file["imgname"] = np.array([b"a.jpg"] * people)
        file["center"] = np.full((people, 2), 100.0)
        file["scale"] = np.full(people, 2.2)
        file["part"] = parts = RNG.uniform(10, 90, (people, joints, 2))
        file["visible"] = np.ones((people, joints))
        file["normalize"] = np.linalg.norm(parts[:, 3] - parts[:, 6], axis=1)
        file["person"] = np.zeros(people)
    return parts


def test_flic_and_mpii_differ_in_joints(tmp_path):
    parts = write_authors(tmp_path / "valid.h5")
    truth = read(tmp_path / "valid.h5")
    assert (truth.kind, truth.origin, tuple(truth.names)) == ("FLIC", 1, FLIC)
    np.testing.assert_array_equal(truth.keypoints, parts)
    np.testing.assert_allclose(
        truth.sizes["torso"], np.linalg.norm(parts[:, 3] - parts[:, 6], axis=1)
    )
    write_authors(tmp_path / "mpii.h5", 16)
    assert kind_of(tmp_path / "mpii.h5") == "MPII"
    with pytest.raises(InputError, match=r"--split: .*valid\.h5 is one split, got 'test'"):
        read(tmp_path / "valid.h5", "test")


def test_lsp_scores_its_test_people_and_lspet_all(tmp_path):
    joints = RNG.uniform(10, 90, (3, 14, 2000))
    joints[2] = 0
    savemat(tmp_path / "lsp.mat", {"joints": joints})
    truth = read(tmp_path / "lsp.mat")
    assert (truth.kind, len(truth.ids), truth.boxes) == ("LSP", 1000, None)
    np.testing.assert_array_equal(truth.keypoints[0], joints[:2, :, 1000].T)
    assert truth.images[0] == ("im1001.jpg", None)
    assert read(tmp_path / "lsp.mat", "train").images[0] == ("im0001.jpg", None)
    with pytest.raises(InputError, match="has train and test, got 'val'"):
        read(tmp_path / "lsp.mat", "val")
    extended = np.ones((14, 3, 5)) * RNG.uniform(10, 90, (14, 1, 5))
    extended[:, :2] += RNG.uniform(0, 9, (14, 2, 5))
    extended[:, 2] = 1
    savemat(tmp_path / "lspet.mat", {"joints": extended})
    truth = read(tmp_path / "lspet.mat")
    assert (truth.kind, len(truth.ids)) == ("LSPET", 5)
    savemat(tmp_path / "none.mat", {"joints": extended[..., :0]})
    with pytest.raises(InputError, match=r"none\.mat has nobody to score in this split"):
        read(tmp_path / "none.mat")


def test_coco_leaves_crowds_and_unlabeled_objects_out(faces):
    path = faces / "truth.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["iscrowd"] = 1
    content["annotations"][1].update(keypoints=[0] * 9, num_keypoints=0)
    content["annotations"][2]["keypoints"][2] = 0
    path.write_text(json.dumps(content))
    truth = read(path)
    assert list(truth.ids) == [12, 13, 14, 15]
    assert truth.labeled[0].tolist() == [False, True, True]
    assert truth.boxes[0].tolist() == [0, 0, 200, 50]
    assert truth.names == ["left_eye", "right_eye", "nose"]


def test_coco_with_a_pixel_size_in_each_image_or_none(faces):
    path = faces / "truth.json"
    content = json.loads(path.read_text())
    for image in content["images"]:
        image["pixel_size"] = image["id"] / 10
    path.write_text(json.dumps(content))
    assert read(path).pixel_sizes == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.1, 0.2])
    del content["images"][0]["pixel_size"]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="image 1: pixel_size must be a positive number"):
        read(path)


def test_categories_with_different_keypoints_are_refused(faces):
    path = faces / "truth.json"
    content = json.loads(path.read_text())
    content["categories"].append(dict(id=2, name="mask", keypoints=["a", "b", "c"]))
    content["annotations"][0]["category_id"] = 2
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="categories mask, face have different keypoints"):
        read(path)


def test_bad_files(tmp_path):
    with pytest.raises(InputError, match=r"ground truth .*none\.json does not exist"):
        kind_of(tmp_path / "none.json")
    (tmp_path / "a.h5").write_bytes(b"x" * 300)
    with pytest.raises(InputError, match=r"a\.h5 is not an HDF5 file"):
        kind_of(tmp_path / "a.h5")
    empty = dict(images=[dict(id=1)], annotations=[], categories=[dict(id=1, name="face")])
    (tmp_path / "empty.json").write_text(json.dumps(empty))
    with pytest.raises(InputError, match="has no object with labeled keypoints"):
        read(tmp_path / "empty.json")
    with pytest.raises(InputError, match="has no splits, got 'test'"):
        read(tmp_path / "empty.json", "test")


def test_labels_of_a_tool_are_scored_by_the_images_names(tmp_path):
    folder = tmp_path / "project/labeled-data/clip"
    folder.mkdir(parents=True)
    (folder / "CollectedData_me.csv").write_text(
        "scorer,me,me,me,me\nbodyparts,snout,snout,tail,tail\ncoords,x,y,x,y\n"
        "labeled-data/clip/img0.png,10.5,20.25,30,5\nlabeled-data/clip/img1.png,40,50,60,70\n"
    )
    for name in ("img0.png", "img1.png"):
        cv2.imwrite(str(folder / name), np.zeros((80, 90, 3), np.uint8))
    (tmp_path / "project/config.yaml").write_text("Task: a\nscorer: me\nbodyparts: [snout, tail]\n")
    truth = read(tmp_path / "project")
    assert truth.kind == "deeplabcut" and list(truth.names) == ["snout", "tail"]
    dump = [  # the ids are those of another file
        dict(id=1, image="img0.png", keypoints=[[10.5, 20.25], [30, 5]], scores=[1, 1]),
        dict(id=0, image="img1.png", keypoints=[[40, 50], [60, 70.1]], scores=[1, 1]),
    ]
    (tmp_path / "dump.json").write_text(json.dumps(dump))
    found = read_predicted(str(tmp_path / "dump.json"), truth)
    np.testing.assert_allclose(
        found.keypoints - truth.keypoints, [[[0, 0]] * 2, [[0, 0], [0, 0.1]]], atol=1e-9
    )
    scores = measure("oks", truth, {"p": found}, Settings()).scores["p"]
    assert scores.summary["AP"] > 0.9
    second = read_predicted(str(tmp_path / "project"), truth)
    assert second.labels
    np.testing.assert_array_equal(second.keypoints, truth.keypoints)
