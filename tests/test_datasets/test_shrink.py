"""A dataset with smaller images shows the network the same people."""

import argparse
import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmpose.registry import DATASETS

from mmhg.datasets.shrink import shrink_dataset
from mmhg.datasets.shrink_images import reduced_size
from mmhg.errors import InputError
from mmhg_cli.commands import shrink_dataset as command

SIZE = (75, 75)


def ramp(width, height):
    """Make an image in which blue grows along x and green along y; red is 200."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 255 / width, y * 255 / height, 0 * x + 200]).round().astype(np.uint8)


def loader(kind, root, annotations, images, **settings):
    pipeline = [
        dict(type="LoadWholeImage"),
        dict(type="GetBBoxCenterScale"),
        dict(type="RandomScaleRotation"),
        dict(type="PersonCrop", input_size=SIZE),
        dict(type="PackPoseInputs"),
    ]
    dataset = dict(
        type=kind,
        data_root=str(root),
        ann_file=annotations,
        data_prefix=dict(img=images),
        pipeline=pipeline,
        **settings,
    )
    return dict(dataset=dataset)


def crops(cfg, root, split="train"):
    """Return images, joints in px of the input, and people, without augmentation."""
    settings = dict(cfg[f"{split}_dataloader"].dataset, data_root=str(root))
    kept = [step for step in settings.pop("pipeline") if step["type"] != "RandomScaleRotation"]
    pipeline = Compose(kept[:-1])
    dataset = DATASETS.build(dict(settings, pipeline=[]))
    return [pipeline(dataset.get_data_info(i)) for i in range(len(dataset))]


def assert_same_view(before, after):
    assert len(before) == len(after) > 0
    for one, other in zip(before, after, strict=True):
        annotated = one["keypoints_visible"] > 0
        assert annotated.sum() >= 15
        np.testing.assert_allclose(
            other["transformed_keypoints"][annotated],
            one["transformed_keypoints"][annotated],
            atol=0.1,
        )
        inside = cv2.erode(np.minimum(one["img"], other["img"])[..., 2], np.ones((5, 5))) > 150
        inside[:2] = inside[-2:] = inside[:, :2] = inside[:, -2:] = False
        assert inside.mean() > 0.2
        difference = one["img"].astype(float) - other["img"]
        # Half a pixel of the shrunk image would be 0.7 or more.
        assert abs(difference[inside].mean(axis=0))[:2].max() < 0.4


@pytest.fixture
def mpii(tmp_path):
    """Write two people to train on, far and near, one to validate, and an image without people."""
    root = tmp_path / "mpii"
    (root / "images").mkdir(parents=True)
    for name in ("1.jpg", "2.png", "3.jpg", "nobody.jpg"):
        cv2.imwrite(str(root / "images" / name), ramp(1000, 500))
    joints = [[101.0 + 10 * k, 51.0 + 20 * k] for k in range(16)]
    near = dict(
        image="1.jpg",
        center=[501.0, 201.0],
        scale=4.0,
        joints=joints,
        joints_vis=[1] * 15 + [0],
        head_box=[101.0, 51.0, 201.0, 151.0],
        activity="walking",
    )
    (root / "annotations").mkdir()
    files = dict(
        train=[near, dict(near, image="2.png"), dict(near, image="2.png", scale=0.8)],
        val=[dict(near, image="3.jpg")],
    )
    for split, people in files.items():
        (root / f"annotations/mpii_{split}.json").write_text(json.dumps(people))
    return root


@pytest.fixture
def mpii_config(mpii):
    return Config(
        {
            f"{split}_dataloader": loader(
                "MPIIPersonDataset",
                mpii,
                f"annotations/mpii_{split}.json",
                "images/",
                test_mode=split == "val",
            )
            for split in ("train", "val")
        }
    )


def test_a_case_worked_out_by_hand(mpii, mpii_config, tmp_path):
    """Compare by hand: the nearest crop has 800 x 1.25 x 0.75 = 750 px, the input 75."""
    out = tmp_path / "small"
    report = shrink_dataset(mpii_config, out)
    assert cv2.imread(str(out / "images/1.jpg")).shape == (50, 100, 3)
    # The smaller of two people decides: 160 x 1.25 x 0.75 = 150 px.
    assert cv2.imread(str(out / "images/2.png")).shape == (250, 500, 3)
    assert (report.shrunk, report.copied) == (2, 2)
    assert report.bytes_after < report.bytes_before

    person = json.loads((out / "annotations/mpii_train.json").read_text())[0]
    assert person["scale"] == pytest.approx(0.4)
    assert person["joints"][0] == [10.55, 5.55]  # 0-based 100 -> 100.5 / 10 - 0.5
    assert person["joints"][15] == [251.0, 351.0]  # not annotated: as it was
    assert person["center"] == [50.55, 20.55]
    assert person["head_box"] == [10.55, 5.55, 20.55, 15.55]
    assert person["activity"] == "walking"


def test_mpiis_people_look_the_same(mpii, mpii_config, tmp_path):
    shrink_dataset(mpii_config, tmp_path / "small")
    assert_same_view(crops(mpii_config, mpii), crops(mpii_config, tmp_path / "small"))


def test_other_files_are_copied_to_the_byte(mpii, mpii_config, tmp_path):
    shrink_dataset(mpii_config, tmp_path / "small")
    for name in ("images/3.jpg", "images/nobody.jpg", "annotations/mpii_val.json"):
        assert (tmp_path / "small" / name).read_bytes() == (mpii / name).read_bytes()


def test_splits_are_shrunk_if_asked(mpii, mpii_config, tmp_path):
    """Shrink validation, which is not augmented, to 75 of 1000 px."""
    out = tmp_path / "small"
    mpii_config.val_dataloader.dataset.pipeline.pop(2)
    shrink_dataset(mpii_config, out, splits=["val"], input_size=(150, 150))
    assert cv2.imread(str(out / "images/1.jpg")).shape == (500, 1000, 3)
    assert cv2.imread(str(out / "images/3.jpg")).shape == (75, 150, 3)
    assert_same_view(crops(mpii_config, mpii, "val"), crops(mpii_config, out, "val"))


def test_an_image_of_two_splits_is_as_the_one_that_is_not_shrunk(mpii, mpii_config, tmp_path):
    train = mpii / "annotations/mpii_train.json"
    (mpii / "annotations/mpii_val.json").write_bytes(train.read_bytes())
    report = shrink_dataset(mpii_config, tmp_path / "small")
    assert (report.shrunk, report.copied) == (0, 4)


@pytest.fixture
def coco(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # MMPose looks for its metainfo below this folder first
    root = tmp_path / "coco"
    (root / "train2017").mkdir(parents=True)
    cv2.imwrite(str(root / "train2017/1.jpg"), ramp(640, 427))
    cv2.imwrite(str(root / "train2017/2.jpg"), ramp(640, 427))
    person = dict(
        id=7,
        image_id=1,
        category_id=1,
        bbox=[160.0, 100.0, 300.0, 240.0],
        area=40000.0,
        iscrowd=0,
        num_keypoints=16,
        segmentation=[[160.0, 100.0, 460.0, 100.0, 460.0, 340.0]],
        keypoints=np.hstack([np.full((17, 2), 200.0), np.full((17, 1), 2)]).ravel().tolist(),
    )
    person["keypoints"][:3] = [0, 0, 0]
    crowd = dict(person, id=9, image_id=2, iscrowd=1, segmentation=dict(counts=[1], size=[1, 1]))
    content = dict(
        images=[
            dict(id=number, file_name=f"{number}.jpg", width=640, height=427) for number in (1, 2)
        ],
        annotations=[person, dict(person, id=8, image_id=2), crowd],
        categories=[dict(id=1, name="person")],
    )
    (root / "person.json").write_text(json.dumps(content))
    (root / "boxes.json").write_text(
        json.dumps([dict(image_id=1, category_id=1, bbox=person["bbox"], score=0.9)])
    )
    return root


@pytest.fixture
def coco_config(coco):
    return Config(
        dict(
            train_dataloader=loader("CocoDataset", coco, "person.json", "train2017/"),
            val_dataloader=loader(
                "CocoDataset",
                coco,
                "person.json",
                "train2017/",
                test_mode=True,
                bbox_file=str(coco / "boxes.json"),
            ),
        )
    )


def test_cocos_people_look_the_same(coco, coco_config, tmp_path):
    """Keep 281.25 px (300 x 1.25 x 0.75) of 640, and the image with a crowd, stored as runs."""
    out = tmp_path / "small"
    report = shrink_dataset(coco_config, out)
    assert (report.shrunk, report.copied) == (1, 1)
    height, width = cv2.imread(str(out / "train2017/1.jpg")).shape[:2]
    assert 171 <= width <= 187
    assert width / height == pytest.approx(640 / 427, rel=2e-3)
    assert_same_view(crops(coco_config, coco), crops(coco_config, out))

    content = json.loads((out / "person.json").read_text())
    assert content["images"][0] == dict(id=1, file_name="1.jpg", width=width, height=height)
    person, kept, _ = content["annotations"]
    across, down = width / 640, height / 427
    assert person["bbox"][2:] == pytest.approx([300 * across, 240 * down], abs=1e-3)
    assert person["area"] == pytest.approx(40000 * across * down)
    assert person["keypoints"][:3] == [0, 0, 0]
    assert person["segmentation"][0][2] == pytest.approx(460.5 * across - 0.5, abs=1e-3)
    assert kept["bbox"] == [160.0, 100.0, 300.0, 240.0]
    boxes = json.loads((out / "boxes.json").read_text())
    assert boxes[0]["bbox"] == pytest.approx(person["bbox"])
    assert boxes[0]["score"] == 0.9


@pytest.mark.parametrize("step", ["released", "RandomBBoxTransform", "RandomHalfBody"])
def test_the_pipeline_says_how_close_the_closest_crop_is(coco, coco_config, tmp_path, step):
    """Compare with the paper's 0.75. In a half body the smaller half decides."""
    settings, closest = {
        "released": (dict(type="RandomScaleRotation", law="released"), 2**-0.5),
        "RandomBBoxTransform": (dict(type="RandomBBoxTransform", scale_factor=(0.6, 1.2)), 0.6),
        "RandomHalfBody": (dict(type="RandomHalfBody"), 180 * 1.5 / 375),
    }[step]
    if step == "RandomHalfBody":
        path = coco / "person.json"
        content = json.loads(path.read_text())
        points = np.full((17, 3), 2.0)
        points[:, :2] = np.linspace((200, 150), (440, 330), 17)  # 180 px high, some 160 wide
        points[:11, 0] = np.linspace(200, 380, 11)  # the upper half: 180 px wide
        points[11:, 0] = np.linspace(200, 440, 6)  # the lower half: 240 px wide
        content["annotations"][0]["keypoints"] = points.ravel().tolist()
        path.write_text(json.dumps(content))
    coco_config.train_dataloader.dataset.pipeline[2] = settings
    out = tmp_path / "small"
    shrink_dataset(coco_config, out)
    needed = 75 / (375 * closest)
    width = cv2.imread(str(out / "train2017/1.jpg")).shape[1]
    assert needed * 640 <= width <= needed * 640 + 17


def test_workers_change_nothing(mpii, mpii_config, tmp_path):
    for workers in (1, 4):
        shrink_dataset(mpii_config, tmp_path / str(workers), workers=workers)
    names = [path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*.*")]
    assert len(names) == 6
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "4" / name).read_bytes()


def test_nothing_is_overwritten(mpii, mpii_config, tmp_path):
    out = tmp_path / "small"
    out.mkdir()
    (out / "mine").touch()
    with pytest.raises(InputError, match=r"small exists already\. Remove it"):
        shrink_dataset(mpii_config, out)
    (out / "mine").unlink()
    shrink_dataset(mpii_config, out)  # an empty folder will do
    with pytest.raises(InputError, match="lies in the dataset"):
        shrink_dataset(mpii_config, mpii / "small")


@pytest.mark.parametrize("damage", ["truncated", "missing"])
def test_a_damaged_image_is_named_and_nothing_is_left(mpii, mpii_config, tmp_path, damage):
    path = mpii / "images/1.jpg"
    path.write_bytes(path.read_bytes()[:-99])
    if damage == "missing":
        path.unlink()
    with pytest.raises(InputError, match=r"image .*1\.jpg"):
        shrink_dataset(mpii_config, tmp_path / "small")
    assert [path.name for path in tmp_path.iterdir()] == ["mpii"]


def test_what_cannot_be_shrunk_is_refused(mpii, mpii_config, coco, coco_config, tmp_path):
    content = json.loads((coco / "person.json").read_text())
    content["annotations"][0]["segmentation"] = [[1.0, 2.0, 3.0]]
    (coco / "person.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"person\.json: annotation 7, image 1: cannot be scaled"):
        shrink_dataset(coco_config, tmp_path / "small")
    (mpii / "annotations/mpii_train.json").write_text("{}")
    with pytest.raises(InputError, match=r"mpii_train\.json is neither in COCO's nor"):
        shrink_dataset(mpii_config, tmp_path / "small")
    del mpii_config.train_dataloader.dataset.ann_file
    with pytest.raises(InputError, match=r"train_dataloader\.dataset has no ann_file"):
        shrink_dataset(mpii_config, tmp_path / "small")
    with pytest.raises(InputError, match="quality must be 1 to 100, got 0"):
        shrink_dataset(mpii_config, tmp_path / "small", quality=0)


@pytest.mark.parametrize("factor", [0.1, 0.37, 0.6, 0.9])
@pytest.mark.parametrize("size", [(1280, 720), (427, 640), (301, 97), (3, 3)])
def test_sizes_suffice_and_keep_their_shape(size, factor):
    width, height = reduced_size(size, factor)
    assert factor * size[0] <= width <= size[0]
    assert factor * size[1] <= height <= size[1]
    if min(size) > 3:
        assert width / size[0] == pytest.approx(height / size[1], rel=0.02)


def test_the_command(mpii, mpii_config, tmp_path, capsys):
    path = tmp_path / "config.py"
    mpii_config.train_dataloader.dataset.data_root = "elsewhere"
    mpii_config.dump(path)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = tmp_path / "small"
    command.run(parser.parse_args([str(path), "-o", str(out), "--data-root", str(mpii)]))
    assert "small: 2 images shrunk, 2 copied unchanged" in capsys.readouterr().out
    assert cv2.imread(str(out / "images/1.jpg")).shape == (50, 100, 3)


def test_the_command_moves_detected_boxes_along(coco, coco_config, tmp_path):
    """MMPose's configs write the data root into the path of the boxes."""
    path = tmp_path / "config.py"
    for split in ("train", "val"):
        coco_config[f"{split}_dataloader"].dataset.data_root = "elsewhere/"
    coco_config.val_dataloader.dataset.bbox_file = "elsewhere/boxes.json"
    coco_config.dump(path)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    out = tmp_path / "small"
    command.run(parser.parse_args([str(path), "-o", str(out), "--data-root", str(coco)]))
    assert (out / "boxes.json").exists()


@pytest.mark.parametrize("settings", [dict(workers=0), dict(input_size=(0, 8))])
def test_settings_that_cannot_be(mpii_config, tmp_path, settings):
    with pytest.raises(InputError, match=rf"{next(iter(settings))} must be"):
        shrink_dataset(mpii_config, tmp_path / "small", **settings)


def test_boxes_that_are_not_there_are_missed_before_the_images(coco_config, tmp_path):
    coco_config.val_dataloader.dataset.bbox_file += ".gone"
    with pytest.raises(InputError, match=r"there is no bbox_file .*boxes\.json\.gone"):
        shrink_dataset(coco_config, tmp_path / "small", splits=["val"])


def test_links_that_lead_out_are_not_copied(mpii, mpii_config, tmp_path):
    (tmp_path / "private").mkdir()
    (tmp_path / "private/secret.txt").write_text("secret")
    (mpii / "images/inner").symlink_to(mpii / "images")  # in circles
    shrink_dataset(mpii_config, tmp_path / "circles")
    for name, target in (("more", "private"), ("more.jpg", "private/secret.txt")):
        (mpii / "images" / name).symlink_to(tmp_path / target)
        with pytest.raises(InputError, match=rf"{name} is a link to .*private.*linked_folders"):
            shrink_dataset(mpii_config, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        (mpii / "images" / name).unlink()
    (mpii / "images/more.jpg").symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"more\.jpg is a link to /dev/zero"):
        shrink_dataset(mpii_config, tmp_path / "out")
