"""COCO's way from end to end: train on one file, evaluate on another, as pycocotools does."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CONFIG = Path(__file__).with_name("hg2_coco_mini.py")
WIDTH, HEIGHT, IMAGES = 160, 120, 4


def write_split(root: Path, split: str, rng: np.random.Generator) -> None:
    """Write photographs of two people each; the last has a crowd and one without keypoints."""
    (root / f"{split}2017").mkdir(parents=True)
    people: list[dict[str, Any]] = []
    for image in range(1, IMAGES + 1):
        picture = rng.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        for number in range(2):
            corner = rng.uniform((80 * number, 10), (80 * number + 20, 30))
            side = rng.uniform(50, 60)
            labeled = image < IMAGES
            crowd = not labeled and number == 0
            points = corner + rng.random((17, 2)) * side
            half = WIDTH * HEIGHT // 2
            runs = dict(counts=[0, half, half], size=[HEIGHT, WIDTH])
            people.append(
                dict(
                    id=len(people) + 1,
                    image_id=image,
                    category_id=1,
                    iscrowd=int(crowd),
                    segmentation=runs if crowd else [],
                    bbox=[*corner, side, side],
                    area=100 * side**2,  # so large that even a bad network scores
                    num_keypoints=17 * labeled,
                    keypoints=np.column_stack([points, np.full(17, 2)]).ravel().tolist()
                    if labeled
                    else [0] * 51,
                )
            )
        cv2.imwrite(str(root / f"{split}2017/{image:012d}.jpg"), picture)
    images = [
        dict(id=image, file_name=f"{image:012d}.jpg", width=WIDTH, height=HEIGHT)
        for image in range(1, IMAGES + 1)
    ]
    categories = [dict(id=1, name="person", keypoints=[f"k{k}" for k in range(17)], skeleton=[])]
    (root / "annotations").mkdir(exist_ok=True)
    path = root / f"annotations/person_keypoints_{split}2017.json"
    path.write_text(json.dumps(dict(images=images, annotations=people, categories=categories)))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        write_split(tmp_path / "coco", split, rng)
    cfg = Config.fromfile(CONFIG)
    cfg.work_dir = str(tmp_path / "work")
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        cfg[name].update(batch_size=4, num_workers=0, persistent_workers=False)
        cfg[name].dataset.data_root = str(tmp_path / "coco")
    cfg.val_evaluator.outfile_prefix = str(tmp_path / "results")
    cfg.model.backbone.update(num_stacks=1, channels=32, stem_channels=(8, 16, 32))
    cfg.train_cfg.update(max_epochs=1, val_interval=1)
    cfg.param_scheduler = None
    return cfg


def test_trains_and_scores_as_pycocotools(config: Config, tmp_path: Path) -> None:
    runner = Runner.from_cfg(config)
    runner.train()
    # Crowds and people without keypoints are neither trained nor predicted, and not missed.
    assert len(runner.train_dataloader.dataset) == len(runner.val_dataloader.dataset) == 6

    truth = COCO(str(tmp_path / "coco/annotations/person_keypoints_val2017.json"))
    found = truth.loadRes(str(tmp_path / "results.keypoints.json"))
    alone = COCOeval(truth, found, "keypoints")
    alone.evaluate()
    alone.accumulate()
    alone.summarize()
    results = json.loads((tmp_path / "work/results.json").read_text())
    names = ("AP", "AP .5", "AP .75", "AP (M)", "AP (L)", "AR", "AR .5", "AR .75", "AR (M)")
    scores = [results[f"coco/{name}"] for name in names]
    assert 0.05 < scores[0] < 0.95
    np.testing.assert_allclose(scores, alone.stats[: len(names)], atol=1e-6)
