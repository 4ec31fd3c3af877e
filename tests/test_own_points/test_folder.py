"""The folder that `mmhg import` makes."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmpose.registry import DATASETS

from mmhg.config import get_config
from mmhg.errors import InputError
from mmhg.own_points import Imported, import_labels, report
from test_own_points.made import NAMES, SHAPE, face, faces, picture, thing

NONE = (np.nan, np.nan)


def content(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text())
    return found


def test_files_in_cocos_format(tmp_path: Path) -> None:
    labels = faces(tmp_path / "pictures", 8)
    images = list(labels.images)
    missing = thing([(10.00004, 20), NONE, (30, 45)], hidden=[0], area=77.0)
    images[0] = replace(images[0], objects=[missing, face(60, 30, box=np.array([40.0, 9, 79, 50]))])
    labels = replace(labels, images=images, category="face", skeleton=[(0, 2), (1, 2)])
    found = import_labels(labels, tmp_path / "mine", val=["0.png", "5.png"], group="image")
    folder = found.folder
    assert sorted(os.listdir(folder)) == ["config.py", "train.json", "val.json"]
    val, train = content(folder, "val"), content(folder, "train")
    assert [image["file_name"] for image in val["images"]] == ["0.png", "5.png"]
    assert [image["file_name"] for image in train["images"]] == [
        f"{n}.png" for n in (1, 2, 3, 4, 6, 7)
    ]
    assert val["images"][0] == dict(id=1, file_name="0.png", width=80, height=60)
    first, second, third = val["annotations"]
    assert first == dict(
        id=1,
        image_id=1,
        category_id=1,
        iscrowd=0,
        area=77.0,
        num_keypoints=2,
        bbox=[10, 20, 20, 25],
        keypoints=[10.0, 20, 1, 0, 0, 0, 30, 45, 2],
    )
    assert second["bbox"] == [40, 9, 39, 41]
    assert second["area"] == pytest.approx(0.53 * 39 * 41)
    assert third["keypoints"] == [
        value for x, y in np.add(SHAPE, (35, 25)).tolist() for value in (x, y, 2)
    ]
    assert (third["id"], third["image_id"]) == (3, 2)
    (category,) = val["categories"]
    assert category == dict(id=1, name="face", keypoints=NAMES, skeleton=[[1, 3], [2, 3]])


def dataset_of(loader: Any) -> Any:
    return DATASETS.build(dict(loader.dataset, pipeline=[], serialize_data=False))


def test_config_finds_its_data_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the project's folder is moved."""
    labels = faces(tmp_path / "project/data {x}'/pictures", 8)
    import_labels(labels, tmp_path / "project/data {x}'/mine")
    shutil.move(tmp_path / "project", tmp_path / "moved")
    monkeypatch.chdir("/")
    folder = tmp_path / "moved/data {x}'/mine"
    config = get_config(folder / "config.py")
    assert config.work_dir == f"{folder}/training"
    counts = []
    for split in ("train", "val", "test"):
        dataset = dataset_of(config[f"{split}_dataloader"])
        counts.append(len(dataset))
        assert Path(dataset[0]["img_path"]).is_file()
        assert dataset.metainfo["keypoint_id2name"] == dict(enumerate(NAMES))
        assert dataset.metainfo["flip_indices"] == [1, 0, 2]
    assert counts == [7, 1, 1]


def test_pictures_elsewhere_and_copied_ones(tmp_path: Path) -> None:
    labels = faces(tmp_path / "far/away/pictures/a", 4)
    labels = replace(labels, root=tmp_path / "far/away/pictures")
    import_labels(labels, tmp_path / "one/two/three/mine")
    text = (tmp_path / "one/two/three/mine/config.py").read_text()
    assert f'img="{tmp_path}/far/away/pictures"' in text
    found = import_labels(labels, tmp_path / "mine", copy=True)
    assert 'img=folder + "/images"' in (tmp_path / "mine/config.py").read_text()
    assert (tmp_path / "mine/images/a/3.png").read_bytes() == labels.images[3].path.read_bytes()
    assert found.pictures == tmp_path / "mine/images"


def test_frames_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def read_frame(image: Any) -> np.ndarray:
        order.append((image.path.name, image.frame))
        return np.full((60, 80, 3), image.frame, np.uint8)

    frames = ModuleType("mmhg.labels.frames")
    frames.read_frame = read_frame  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "mmhg.labels.frames", frames)
    images = [
        picture(str(tmp_path / name), face(30, 20), frame=frame)
        for name, frame in (("b.mp4", 7), ("a.mp4", 9), ("b.mp4", 3), ("b.avi", 7))
    ]
    labels = faces(tmp_path, 1)
    labels = replace(labels, images=[*images, *labels.images])
    import_labels(labels, tmp_path / "mine", val=["a.mp4"])
    assert order == [("a.mp4", 9), ("b.avi", 7), ("b.mp4", 3), ("b.mp4", 7)]
    names = [image["file_name"] for image in content(tmp_path / "mine", "train")["images"]]
    assert names == ["b_mp4/000007.png", "b_mp4/000003.png", "b_avi/000007.png", "0.png"]
    assert (cv2.imread(str(tmp_path / "mine/images/b_mp4/000003.png")) == 3).all()
    assert (tmp_path / "mine/images/0.png").is_file()

    wrong = replace(labels, images=[replace(image, width=90) for image in images])
    with pytest.raises(InputError, match=r"80 x 60 px, but the labels state 90 x 60"):
        import_labels(wrong, tmp_path / "other")
    assert not [path.name for path in tmp_path.iterdir() if "other" in path.name]


def test_two_looks_or_boxes(tmp_path: Path) -> None:
    labels = faces(tmp_path / "a", 6)
    assert import_labels(labels, tmp_path / "looks").two_looks
    boxed = [
        replace(one, objects=[face(30, 20, box=np.array([5.0, 5, 50, 50]))])
        for one in labels.images
    ]
    assert not import_labels(replace(labels, images=boxed), tmp_path / "boxed").two_looks
    two = [replace(labels.images[0], objects=[face(30, 20), face(50, 30)]), *labels.images[1:]]
    assert not import_labels(replace(labels, images=two), tmp_path / "two").two_looks
    for name, looks in (("looks", True), ("boxed", False), ("two", False)):
        config = get_config(tmp_path / name / "config.py")
        for loader, whole in (
            (config.train_dataloader, looks),
            (config.test_dataloader, looks),
            (config.val_dataloader, False),
        ):
            assert ("WholeImageBox" in str(loader.dataset.pipeline)) == whole


def pipeline_step(config: Config, kind: str) -> list[Any]:
    found: list[Any] = []

    def walk(steps: Any) -> None:
        for step in steps:
            if isinstance(step, list):
                walk(step)
            elif step["type"] == kind:
                found.append(step)
            elif "transforms" in step:
                walk(step["transforms"])

    walk(config.train_dataloader.dataset.pipeline)
    return found


@pytest.mark.parametrize(
    ("settings", "flip_pairs", "pairs", "flips", "said"),
    [
        ({}, None, [("left_eye", "right_eye")], True, "1 pair by name; training mirrors images"),
        ({}, [], [], False, "0 pairs as you say. No image is mirrored"),
        ({}, ["nose,left_eye"], [("nose", "left_eye")], True, "1 pair as you say"),
        (dict(flip_pairs=[]), None, [], True, "0 pairs as the labels say; training mirrors images"),
        (dict(flip_pairs=[(1, 0)]), None, [("left_eye", "right_eye")], True, "as the labels say"),
        (dict(keypoints=["a", "b", "c"]), None, [], False, "0 pairs by name. No image is mirrored"),
        (
            dict(keypoints=["left_a", "right_a", "left_b"]),
            None,
            [("left_a", "right_a")],
            False,
            "1 pair by name (left_b has no partner). No image",
        ),
    ],
)
def test_mirroring(settings, flip_pairs, pairs, flips, said, tmp_path: Path) -> None:
    found = import_labels(faces(tmp_path, 5, **settings), tmp_path / "mine", flip_pairs=flip_pairs)
    assert (found.sides.pairs, found.sides.flips) == (pairs, flips)
    assert f"sides: {said}" in report(found)[0] or said in report(found)[0]
    config = get_config(tmp_path / "mine/config.py")
    (flip,) = pipeline_step(config, "RandomFlip")
    assert (flip.get("prob", 0.5) > 0) == flips
    assert config.model.test_cfg.flip_test == flips
    swaps = {
        one["name"]: one["swap"] for one in config.metainfo.keypoint_info.values() if one["swap"]
    }
    assert swaps == {one: other for pair in pairs for one, other in (pair, pair[::-1])}


def test_network_and_augmentation_of_the_config(tmp_path: Path) -> None:
    labels = faces(tmp_path, 24)
    turned = [replace(one, objects=[face(40, 30, 15 * n)]) for n, one in enumerate(labels.images)]
    import_labels(replace(labels, images=turned), tmp_path / "mine")
    config = get_config(tmp_path / "mine/config.py")
    assert config.load_from == "hg2_lspet_128"
    expected = dict(num_keypoints=3, num_stacks=2, channels=128, stem_channels=(16, 32, 64))
    assert expected.items() <= dict(config.model.backbone).items()
    assert config.model.head.loss.use_target_weight
    assert config.model.head.decoder.input_size == (128, 128)
    assert {step.rotate_factor for step in pipeline_step(config, "RandomBBoxTransform")} == {180}
    assert config.param_scheduler[0].total_steps == config.train_cfg.max_epochs == 270
    assert config.param_scheduler[0].eta_max == config.optim_wrapper.optimizer.lr == 5e-3
    assert config.val_evaluator.type == "KeypointErrorMetric"
    assert config.default_hooks.checkpoint.save_best == "mean_px"
    assert config.train_dataloader.batch_size == 8


def test_pictures_of_one_channel(tmp_path: Path) -> None:
    """The network takes one if all have one, whatever the format; else, or if told so, three."""
    labels = faces(tmp_path / "a", 4)
    for number, image in enumerate(labels.images):
        pixels = np.full((60, 80), 9, np.uint16 if number == 1 else np.uint8)
        cv2.imwrite(str(image.path), pixels)
    found = import_labels(labels, tmp_path / "gray")
    assert "input: one channel, gray; --channels 3 takes colors" in report(found)[0]
    model = get_config(tmp_path / "gray/config.py").model
    assert (model.backbone.in_channels, model.data_preprocessor.bgr_to_rgb) == (1, False)
    for name, channels in (("told", 3), ("four", 4)):
        import_labels(labels, tmp_path / name, channels=channels)
        backbone = get_config(tmp_path / name / "config.py").model.backbone
        assert backbone.get("in_channels", 3) == channels
    cv2.imwrite(str(labels.images[3].path), np.full((60, 80, 3), 9, np.uint8))
    found = import_labels(labels, tmp_path / "color")
    assert found.channels == 3
    assert "input:" not in report(found)[0]
    refused(labels, tmp_path / "none", "--channels must be a whole number from 1", channels=0)


def test_names_of_files_stay_text(tmp_path: Path) -> None:
    """Neither Python's quotes nor mmengine's variables in a name do anything."""
    names = ['"""\nboom(1)', "{{ fileDirname }}", "ö'\\"]
    labels = faces(tmp_path, 4, keypoints=names, category='"""+boom(2)+"""', skeleton=[(0, 1)])
    import_labels(labels, tmp_path / "mine")
    metainfo = get_config(tmp_path / "mine/config.py").metainfo
    assert [one["name"] for one in metainfo.keypoint_info.values()] == names
    assert metainfo.dataset_name == '"""+boom(2)+"""'


def test_report(tmp_path: Path) -> None:
    labels = faces(tmp_path, 8, notes=["2 tracks are left out"])
    images = list(labels.images)
    images[0] = replace(
        images[0], objects=[thing([(1, 2), NONE, (9, 9)], hidden=[2]), thing([NONE] * 3)]
    )
    images[1] = replace(images[1], objects=[])
    found = import_labels(replace(labels, images=images), tmp_path / "mine")
    text, warnings = report(found)
    assert warnings == []
    lines = text.splitlines()
    assert lines[0] == "cvat: 7 images, 7 objects (object), 3 keypoints"
    assert lines[1:4] == [
        "left out: 1 images without a labeled keypoint",
        "left out: 1 objects without a labeled keypoint",
        "note: 2 tracks are left out",
    ]
    rows = [line.split() for line in lines[7:10]]
    assert rows == [
        ["left_eye", "right_eye", "7", "100", "%", "0"],
        ["right_eye", "left_eye", "6", "86", "%", "0"],
        ["nose", "7", "100", "%", "1"],
    ]
    assert "boxes: 7 about their points" in lines
    assert "split: 6 images train, 1 validate, by image" in lines
    assert any(
        "2 stacks on 128 x 128 px, slim" in line and "hg2_lspet_128" in line for line in lines
    )
    assert f"    mmhg train {tmp_path}/mine/config.py" in lines


def refused(labels: Any, folder: Path, message: str, **settings: Any) -> None:
    before = sorted(os.listdir(folder.parent))
    with pytest.raises(InputError, match=message):
        import_labels(labels, folder, **settings)
    assert sorted(os.listdir(folder.parent)) == before


def test_what_is_refused_leaves_nothing(tmp_path: Path) -> None:
    labels = faces(tmp_path / "a", 5)
    folder = tmp_path / "mine"
    twice = replace(labels, images=[*labels.images, labels.images[0]])
    refused(twice, folder, r"list the image 0\.png 2 times")
    refused(
        replace(labels, images=[replace(one, objects=[]) for one in labels.images]),
        folder,
        "none of the 5 images has a labeled keypoint",
    )
    refused(replace(labels, images=labels.images[:1]), folder, "At least two are needed")
    refused(replace(labels, keypoints=["a", "b", "a"]), folder, "a name of its own, got a, b, a")
    refused(labels, folder, "--padding must be a fraction from 0 to 10, got -1", padding=-1)
    far = replace(labels.images[0], objects=[thing([(1, 2), (3, 4), (99_999, 5)], id="task 7")])
    refused(
        replace(labels, images=[far, *labels.images[1:]]),
        folder,
        r"0\.png, object task 7: keypoint at x = 99999.* of 80 x 60 px",
    )
    refused(replace(labels, root=tmp_path / "b"), folder, "lies outside of .*b")
    (tmp_path / "a/link.png").symlink_to("/etc/hostname")
    link = picture(str(tmp_path / "a/link.png"), face(30, 20))
    refused(replace(labels, images=[link, *labels.images]), folder, r"link\.png is a link out of")
    refused(labels, tmp_path / 'a"b', "a config cannot lie below a folder with '\"' in its name")
    folder.mkdir()
    refused(labels, folder, "mine already exists. Remove it, or name another folder")


def test_imported_is_public(tmp_path: Path) -> None:
    found = import_labels(faces(tmp_path, 4), tmp_path / "new/folder/mine")
    assert isinstance(found, Imported)
    assert found.train_objects == 3
