"""Tiny data sets in the formats of MPII, COCO, FLIC and LSP, made on the spot."""

import json
import runpy
from collections.abc import Sequence
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from scipy.io import savemat

import mmhg  # noqa: F401  (ahead of MMPose, which imports xtcocotools)
from test_docs.pages import ROOT, code_blocks

PEOPLE = 4
WIDTH, HEIGHT = 160, 120


def draw_images(folder: Path, names: Sequence[str] = ()) -> Sequence[str]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    names = names or [f"{index:012d}.jpg" for index in range(PEOPLE)]
    for name in names:
        image = rng.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / name), cv2.resize(image, (WIDTH, HEIGHT)))
    return names


def draw_joints(count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform((50, 20), (110, 100), (count, 2))


@pytest.fixture(scope="session")
def mpii_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PEOPLE people, the same for training and validation."""
    root = tmp_path_factory.mktemp("mpii")
    rng = np.random.default_rng(1)
    people = [
        dict(
            image=name,
            center=[80.0, 60.0],
            scale=0.5,
            joints=draw_joints(16, rng).tolist(),
            joints_vis=[1] * 15 + [0],
            head_box=[70.0, 20.0, 90.0, 44.0],
        )
        for name in draw_images(root / "images")
    ]
    (root / "annotations").mkdir()
    for split in ("train", "val"):
        (root / f"annotations/mpii_{split}.json").write_text(json.dumps(people))
    return root


@pytest.fixture(scope="session")
def coco_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PEOPLE people, one an image, with detections that are their boxes."""
    root = tmp_path_factory.mktemp("coco")
    rng = np.random.default_rng(2)
    names = draw_images(root / "train2017")
    (root / "val2017").symlink_to(root / "train2017")
    box = [45.0, 15.0, 70.0, 90.0]
    people = [
        dict(
            id=index + 1,
            image_id=index + 1,
            category_id=1,
            bbox=box,
            area=box[2] * box[3],
            iscrowd=0,
            num_keypoints=17,
            segmentation=[],
            keypoints=np.hstack([draw_joints(17, rng), np.full((17, 1), 2)]).ravel().tolist(),
        )
        for index in range(PEOPLE)
    ]
    annotations = dict(
        images=[
            dict(id=index + 1, file_name=name, width=WIDTH, height=HEIGHT)
            for index, name in enumerate(names)
        ],
        annotations=people,
        categories=[dict(id=1, name="person", keypoints=[str(k) for k in range(17)], skeleton=[])],
    )
    detections = [
        dict(image_id=index + 1, category_id=1, bbox=box, score=0.9) for index in range(PEOPLE)
    ]
    (root / "annotations").mkdir()
    for split in ("train", "val"):
        path = root / f"annotations/person_keypoints_{split}2017.json"
        path.write_text(json.dumps(annotations))
    (root / "person_detection_results").mkdir()
    path = root / "person_detection_results/COCO_val2017_detections_AP_H_56_person.json"
    path.write_text(json.dumps(detections))
    return root


@pytest.fixture(scope="session")
def xray_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 and 4 X-rays of 12 bits, drawn by the script of docs/pictures.md."""
    root = tmp_path_factory.mktemp("xrays")
    titled = dict(code_blocks(ROOT / "docs/pictures.md", "python"))
    script = titled['title="make_xrays.py"'].replace('"data/xray"', repr(str(root)))
    script = script.replace('{"train": 200, "val": 40}', '{"train": 8, "val": 4}')
    (root / "make_xrays.py").write_text(script)
    runpy.run_path(str(root / "make_xrays.py"))
    return root


@pytest.fixture(scope="session")
def flic_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PEOPLE people in the authors' form, the same for training and validation."""
    root = tmp_path_factory.mktemp("flic")
    names = draw_images(root / "images")
    parts = np.stack([draw_joints(11, np.random.default_rng(3)) for _ in names])
    (root / "annot").mkdir()
    for split in ("train", "valid"):
        with h5py.File(root / f"annot/{split}.h5", "w") as file:
            file["imgname"] = np.array(names, dtype="S")
            file["center"] = np.tile([80.0, 60.0], (PEOPLE, 1))
            file["scale"] = np.full(PEOPLE, 0.6)
            file["part"] = parts
            file["visible"] = np.ones((PEOPLE, 11))
            file["normalize"] = np.linalg.norm(parts[:, 3] - parts[:, 6], axis=1)
    return root


@pytest.fixture(scope="session")
def lsp_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LSP in `lsp/` and PEOPLE people of LSPET in `lspet/`; images of each split's first two."""
    root = tmp_path_factory.mktemp("lsp")
    rng = np.random.default_rng(4)
    draw_images(root / "lsp/images", [f"im{number:04d}.jpg" for number in (1, 2, 1001, 1002)])
    points = rng.uniform((50, 20), (110, 100), (2000, 14, 2)).transpose(2, 1, 0)
    savemat(root / "lsp/joints.mat", {"joints": np.concatenate([points, points[:1] * 0])})
    draw_images(root / "lspet/images", ["im00001.jpg", "im00002.jpg", "im00003.jpg"])
    points = rng.uniform((50, 20), (110, 100), (PEOPLE, 14, 2)).transpose(1, 2, 0)
    flags = np.ones((14, 1, PEOPLE))
    savemat(root / "lspet/joints.mat", {"joints": np.concatenate([points, flags], axis=1)})
    return root


@pytest.fixture(scope="session")
def made_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of `hg2_lspet_128`, in the form of those that come with the package."""
    import torch
    from mmengine.registry import init_default_scope
    from mmpose.registry import MODELS

    from mmhg.config.catalog import get_config
    from mmhg.results.weights_file import publish_weights

    folder = tmp_path_factory.mktemp("weights")
    init_default_scope("mmpose")
    torch.manual_seed(0)
    state = MODELS.build(get_config("hg2_lspet_128").model).state_dict()
    torch.save(dict(state_dict=state, meta=dict(epoch=20)), folder / "trained.pth")
    path = folder / "hg2_lspet_128.safetensors"
    publish_weights("hg2_lspet_128", folder / "trained.pth", path)
    return path


@pytest.fixture
def shipped(made_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let `made_weights` be all that comes with the package."""
    monkeypatch.setattr("mmhg.checkpoints.shipped.FOLDER", made_weights.parent)
    return made_weights
