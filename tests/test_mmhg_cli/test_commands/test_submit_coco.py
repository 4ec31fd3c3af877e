"""`mmhg submit coco` on what `mmhg test` leaves, as the README has it."""

import json
import zipfile
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS

from mmhg.config.catalog import get_config

ANNOTATIONS = "data/coco/annotations/image_info_test-dev2017.json"
BOXES = "data/coco/person_detection_results/COCO_test-dev2017_detections_AP_H_609_person.json"
NARROW = dict(num_stacks=1, channels=8, stem_channels=(4, 4, 4))


@pytest.fixture(scope="module")
def folder(coco_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with the test images, their detections, and an untrained checkpoint."""
    folder = tmp_path_factory.mktemp("project")
    coco = folder / "data/coco"
    (coco / "annotations").mkdir(parents=True)
    (coco / "person_detection_results").mkdir()
    (coco / "test2017").symlink_to(coco_root / "val2017")
    train = "annotations/person_keypoints_train2017.json"
    (coco / train).symlink_to(coco_root / train)
    truth = json.loads((coco_root / train).read_text())
    categories = [dict(id=1, name="person"), dict(id=2, name="bicycle")]
    info = dict(info={}, images=truth["images"], categories=categories)
    (folder / ANNOTATIONS).write_text(json.dumps(info))
    boxes = [[45.0, 15.0, 70.0, 90.0], [10.0, 5.0, 30.0, 60.0]]
    found = [dict(image_id=2, category_id=1, bbox=box, score=0.9) for box in boxes]
    (folder / BOXES).write_text(json.dumps(found))

    DefaultScope.get_instance("test_coco_submission", scope_name="mmpose")
    model = get_config("hg8_coco_256").model
    model.backbone.update(NARROW)
    model.head.num_stages = 1
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), folder / "untrained.pth")
    return folder


def test_results_of_mmpose_become_a_submission(folder, call, spawn):
    settings = [
        f"test_dataloader.dataset.ann_file={ANNOTATIONS.removeprefix('data/coco/')}",
        "test_dataloader.dataset.data_prefix.img=test2017/",
        f"test_dataloader.dataset.bbox_file={BOXES}",
        "test_evaluator.format_only=True",
        "test_evaluator.outfile_prefix=work_dirs/test-dev/hg8",
        *(f"model.backbone.{key}={value}" for key, value in NARROW.items()),
        "model.head.num_stages=1",
    ]
    flags = ("--work-dir", "work_dirs/test-dev", "--cfg-options", *settings)
    done = spawn(folder, "test", "hg8_coco_256", "untrained.pth", *flags)
    assert done.returncode == 0, done.stderr

    results = "work_dirs/test-dev/hg8.keypoints.json"
    flags = ("--name", "hg8", "--images", ANNOTATIONS, "-o", "sub")
    done = call(folder, "submit", "coco", results, *flags)
    assert done.returncode == 0, done.stderr
    assert "2 people in 1 images, 3 of the split's images without people" in done.stdout
    assert done.stderr == ""
    with zipfile.ZipFile(folder / "sub/person_keypoints_test-dev2017_hg8_results.zip") as archive:
        written = json.loads(archive.read("person_keypoints_test-dev2017_hg8_results.json"))
    assert [(person["image_id"], len(person["keypoints"])) for person in written] == [(2, 51)] * 2


def test_warns_of_more_people_than_are_scored(tmp_path, call):
    person = dict(image_id=1, category_id=1, keypoints=[1.0] * 51, score=0.5)
    (tmp_path / "r.json").write_text(json.dumps([person] * 21))
    done = call(tmp_path, "submit", "coco", "r.json", "--name", "n", "--split", "val2017")
    assert done.returncode == 0
    assert "1 images have more than 20 people. The server scores the 20" in done.stderr
    assert (tmp_path / "person_keypoints_val2017_n_results.zip").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.json", "--name", "n"], "cannot read none.json"),
        (["r.json", "--name", "a_b"], "the algorithm's name must consist of"),
        (["r.json", "--name", "n", "--images", "i.json"], "They are of another split"),
        (["r.json", "--name", "n", "-o", "r.json"], "cannot write r.json"),
    ],
)
def test_bad_input(call, tmp_path, arguments, message):
    person = dict(image_id=1, category_id=1, keypoints=[1.0] * 51, score=0.5)
    (tmp_path / "r.json").write_text(json.dumps([person]))
    (tmp_path / "i.json").write_text('{"images": [{"id": 2}]}')
    before = sorted(tmp_path.iterdir())
    done = call(tmp_path, "submit", "coco", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before
