"""A dataset cut to squares about its people shows the same people, in fewer pixels."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmpose.registry import DATASETS
from scipy.io import loadmat, savemat

from mmhg.datasets.shrink import shrink_dataset
from mmhg.errors import InputError

WIDTH, HEIGHT = 500, 400
CROP = dict(crop=1.6, longest=128)
JOINTS = 14
LEFT_SHOULDER, RIGHT_HIP = 9, 2


def write_ramp(path: Path) -> None:
    """Write an image in which blue grows along x and green along y; red is 200."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    image = np.dstack([x * 255 / WIDTH, y * 255 / HEIGHT, 0 * x + 200]).round().astype(np.uint8)
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 100])


@pytest.fixture
def lspet(tmp_path: Path) -> Path:
    """Write four people, the last without a joint; joint 5 is nowhere annotated."""
    root = tmp_path / "lspet"
    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    joints = np.ones((JOINTS, 3, 4))
    for person, (x, y) in enumerate([(150, 150), (30, 200), (300, 250), (250, 200)]):
        write_ramp(root / f"images/im{person + 1:05d}.jpg")
        joints[:, :2, person] = np.array([x, y]) + rng.uniform(0, (80, 120), (JOINTS, 2))
    joints[5, :, :] = 0
    joints[5, :2, :] = -7
    joints[:, 2, 3] = 0
    savemat(root / "joints.mat", {"joints": joints})
    return root


def config_of(root: Path) -> Config:
    pipeline = [
        dict(type="LoadWholeImage"),
        dict(type="GetBBoxCenterScale"),
        dict(type="RandomScaleRotation"),
        dict(type="PersonCrop", input_size=(64, 64)),
        dict(type="PackPoseInputs"),
    ]
    dataset = dict(
        type="LSPDataset",
        split="train",
        hold_out=3,  # the first and the last person
        data_root=str(root),
        ann_file="joints.mat",
        data_prefix=dict(img="images/"),
    )
    train = dict(dataset, pipeline=pipeline)
    val = dict(dataset, pipeline=[*pipeline[:2], *pipeline[3:]], test_mode=True)
    return Config(dict(train_dataloader=dict(dataset=train), val_dataloader=dict(dataset=val)))


def people_of(config: Config, root: Path, split: str) -> list[dict]:
    """Return people, with their crop as validation shows it where they have a box."""
    settings = dict(config[f"{split}_dataloader"].dataset, data_root=str(root))
    steps = [step for step in settings.pop("pipeline") if "Random" not in step["type"]]
    dataset = DATASETS.build(dict(settings, pipeline=[]))
    people = [dataset.get_data_info(i) for i in range(len(dataset))]
    return [Compose(steps[:-1])(person) if "bbox" in person else person for person in people]


def test_people_look_the_same_and_all_measures_move_along(lspet, tmp_path):
    config, out = config_of(lspet), tmp_path / "small"
    report = shrink_dataset(config, out, splits=["train", "val"], **CROP)
    assert report.bytes_after < report.bytes_before / 4
    compared = 0
    for split in ("train", "val"):
        pairs = [people_of(config, root, split) for root in (lspet, out)]
        for one, other in zip(*pairs, strict=True):
            assert other["keypoints_visible"].tolist() == one["keypoints_visible"].tolist()
            if "bbox" not in one:
                continue
            compared += 1
            seen = one["keypoints_visible"] > 0
            # In px of the input. Whole px of width and height leave x and y other factors.
            np.testing.assert_allclose(
                other["transformed_keypoints"][seen], one["transformed_keypoints"][seen], atol=0.1
            )
            difference = one["img"].astype(float) - other["img"]
            inside = cv2.erode(one["img"][..., 2], np.ones((5, 5))) > 150
            assert inside.mean() > 0.5
            assert abs(difference[inside].mean(axis=0))[:2].max() < 0.5
            factor = np.ptp(other["bbox"][0, ::2]) / np.ptp(one["bbox"][0, ::2])
            assert factor < 0.9
            assert other["torso_size"] == pytest.approx(one["torso_size"] * factor, rel=0.01)
    assert compared == 3


def test_the_file_keeps_its_layout(lspet, tmp_path):
    out = tmp_path / "small"
    shrink_dataset(config_of(lspet), out, splits=["train", "val"], input_size=(256, 256), **CROP)
    before, after = (loadmat(root / "joints.mat")["joints"] for root in (lspet, out))
    assert after.shape == before.shape == (JOINTS, 3, 4)
    assert (after[:, 2] == before[:, 2]).all()
    assert (after[5] == before[5]).all() and (after[:, :, 3] == before[:, :, 3]).all()
    for number in range(1, 5):
        image = cv2.imread(str(out / f"images/im{number:05d}.jpg"))
        assert 100 < max(image.shape) <= 128
        if number < 4:
            points = after[after[:, 2, number - 1] == 1, :2, number - 1]
            assert points.min() >= 1 and (points <= image.shape[1::-1]).all()
            # 1-based px: blue says where in the first image a joint was.
            x, y = np.round(points[0] - 1).astype(int)
            assert float(image[y, x, 0]) * WIDTH / 255 + 1 == pytest.approx(
                before[0, 0, number - 1], abs=6
            )


def test_what_validates_stays_unless_asked(lspet, tmp_path):
    config, out = config_of(lspet), tmp_path / "small"
    shrink_dataset(config, out, **CROP)
    before, after = (loadmat(root / "joints.mat")["joints"] for root in (lspet, out))
    for number in (1, 4):
        name = f"images/im{number:05d}.jpg"
        assert (out / name).read_bytes() == (lspet / name).read_bytes()
        assert (after[..., number - 1] == before[..., number - 1]).all()
    assert cv2.imread(str(out / "images/im00002.jpg")).shape[0] < HEIGHT
    assert not (after[..., 1] == before[..., 1]).all()


def test_an_image_keeps_the_squares_of_all_its_people(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MMPose looks for its metainfo below this folder first
    root = tmp_path / "coco"
    (root / "images").mkdir(parents=True)
    write_ramp(root / "images/1.jpg")
    joints = np.hstack([np.full((17, 2), 130.0), np.full((17, 1), 2)]).ravel().tolist()
    person = dict(
        id=1, image_id=1, category_id=1, iscrowd=0, num_keypoints=17, area=1600.0, segmentation=[]
    )
    people = [
        dict(person, bbox=[100.0, 100.0, 40.0, 60.0], keypoints=joints),
        dict(person, id=2, bbox=[200.0, 120.0, 20.0, 20.0], keypoints=joints),
    ]
    images = [dict(id=1, file_name="1.jpg", width=WIDTH, height=HEIGHT)]
    categories = [dict(id=1, name="person")]
    content = dict(images=images, annotations=people, categories=categories)
    (root / "people.json").write_text(json.dumps(content))
    dataset = dict(
        type="CocoDataset",
        data_root=str(root),
        ann_file="people.json",
        data_prefix=dict(img="images/"),
        pipeline=[
            dict(type="GetBBoxCenterScale"),
            dict(type="PersonCrop", input_size=(256, 256)),
        ],
    )
    out = tmp_path / "small"
    shrink_dataset(Config(dict(train_dataloader=dict(dataset=dataset))), out, crop=2)
    # Squares: 60 to 180 by 70 to 190, and 190 to 230 by 110 to 150; no pixel is left out inside.
    image = cv2.imread(str(out / "images/1.jpg"))
    assert image.shape[:2] == (121, 171)
    assert float(image[0, 0, 0]) * WIDTH / 255 == pytest.approx(60, abs=4)
    found = json.loads((out / "people.json").read_text())
    assert found["images"][0] == dict(id=1, file_name="1.jpg", width=171, height=121)
    assert [one["bbox"] for one in found["annotations"]] == [[40, 30, 40, 60], [140, 50, 20, 20]]
    assert found["annotations"][0]["keypoints"][:3] == [70, 60, 2]


def test_settings_that_make_no_sense(lspet, tmp_path):
    config = config_of(lspet)
    for settings, message in [
        (dict(crop=0.5), r"crop must be 1 \(the box\) or more, got 0.5"),
        (dict(longest=100), "longest needs crop"),
        (dict(crop=1.6, longest=0), "at least 8 px, got 0"),
    ]:
        with pytest.raises(InputError, match=message):
            shrink_dataset(config, tmp_path / "small", **settings)
    savemat(lspet / "joints.mat", {"joints": np.zeros((2, 2))})
    with pytest.raises(InputError, match="must be numbers of shape 3 x 14 x 2000"):
        shrink_dataset(config, tmp_path / "small", crop=1.6)
