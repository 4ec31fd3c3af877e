"""Check the annotation file, and the report that measures it on disk."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmhg.datasets.formats.mpii_mat import JOINTS, read_release
from mmhg.errors import InputError
from mmhg.synthetic import LEVELS, Floors, Request, render, render_dataset
from mmhg.synthetic.dataset import plan_split
from mmhg.synthetic.report import (
    MeasuredPeople,
    check_floors,
    draw_sheet,
    load_people,
    mean_pose_pckh,
)

REQUEST = Request(level=1, train=12, val=6, test=1, seed=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("figures") / "level1"
    render_dataset(path, REQUEST, workers=1)
    return path


def test_the_file_is_one_based_and_an_image_is_not(folder: Path) -> None:
    scenes = [render(LEVELS[1], REQUEST.seed, plan) for plan in plan_split(REQUEST, "train")]
    for image, scene in zip(read_release(folder / "mpii_synthetic_v1.mat"), scenes, strict=False):
        for written, true in zip(image.people, scene.people, strict=True):
            assert written.head_box == pytest.approx(true.head_box + 1, abs=0.01)
            assert written.center == pytest.approx(true.center + 1, abs=0.51)
            assert written.scale == pytest.approx(true.scale)
            known = true.annotated
            assert written.annotated.tolist() == known.tolist()
            assert written.keypoints[known] == pytest.approx(true.joints[known] + 1, abs=0.01)
            assert (written.visible[known] == true.visible[known]).all()


def test_head_boxes_hold_the_head_and_have_mpiis_size(folder: Path) -> None:
    people = list(load_people(folder).values())
    boxes = np.concatenate([split.head_boxes for split in people])
    joints = np.concatenate([split.joints for split in people])
    scales = np.concatenate([split.scales for split in people])
    for name in ("upper_neck", "head_top"):
        x, y = joints[:, JOINTS.index(name)].T
        known = np.isfinite(x)
        inside = (x > boxes[:, 0]) & (x < boxes[:, 2]) & (y > boxes[:, 1]) & (y < boxes[:, 3])
        assert inside[known].all()
    sizes = 0.6 * np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T) / (200 * scales)
    assert 0.11 < np.median(sizes) < 0.13


def people_at(poses: np.ndarray) -> MeasuredPeople:
    """Make people of scale 1 at the same center whose head size is 25 px."""
    count = len(poses)
    side = 25 / 0.6 / np.sqrt(2)
    return MeasuredPeople(
        images=["a.jpg"] * count,
        joints=poses,
        visible=np.ones(poses.shape[:2], bool),
        head_boxes=np.tile([0, 0, side, side], (count, 1)),
        centers=np.full((count, 2), 100.0),
        scales=np.ones(count),
        company=np.zeros(count, bool),
    )


def test_mean_pose_counts_joints_within_half_a_head() -> None:
    pose = np.random.default_rng(0).uniform(0, 200, (1, 16, 2))
    train = people_at(np.concatenate([pose - 3, pose + 3]))
    val = people_at(pose.copy())
    assert mean_pose_pckh(train, val) == 100
    val.joints[0, :6] += 13  # pelvis and thorax, joints 6 and 7, do not count
    val.joints[0, 6:8] += 1000
    assert mean_pose_pckh(train, val) == pytest.approx(100 * 8 / 14)
    val.joints[0, 0] = np.nan
    assert mean_pose_pckh(train, val) == pytest.approx(100 * 8 / 13)


def test_floors_are_compared_with_what_is_measured(folder: Path) -> None:
    people = load_people(folder)
    easy = Floors(mean_pose_pckh=101, occluded=0, company=0, roll=0, facing=1)
    assert all(check.holds for check in check_floors(folder, people, easy))
    hard = Floors(mean_pose_pckh=0, occluded=100, company=101, roll=179, facing=179)
    assert not any(check.holds for check in check_floors(folder, people, hard))


def test_occlusion_and_company_are_those_of_the_scenes(folder: Path) -> None:
    found = [
        render(LEVELS[1], REQUEST.seed, plan).people
        for split in ("train", "val")
        for plan in plan_split(REQUEST, split)
    ]
    people = [person for scene in found for person in scene]
    hidden = np.concatenate([~person.visible[person.annotated] for person in people])
    company = [
        any(
            (np.abs(other.joints[other.annotated] - person.center - (0, 15 * person.scale)).max(1)
             < 125 * person.scale).any()
            for other in scene
            if other is not person
        )
        for scene in found
        for person in scene
    ]  # fmt: skip
    floors = LEVELS[1].floors
    measured = {c.name: c.measured for c in check_floors(folder, load_people(folder), floors)}
    assert measured["joints occluded"] == f"{100 * hidden.mean():.1f} %"
    assert measured["another person in the crop"] == f"{100 * np.mean(company):.1f} %"


def test_sheet_has_rows_of_both_splits(folder: Path) -> None:
    sheet = draw_sheet(folder, load_people(folder), 128, columns=2, rows=1)
    assert sheet.shape == (2 * 258, 2 * 258, 3)
    assert sheet.std() > 10


def test_unfinished_people_are_not_measured(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="synthetic render"):
        load_people(tmp_path)


def test_images_are_the_scenes(folder: Path) -> None:
    scene = render(LEVELS[1], REQUEST.seed, plan_split(REQUEST, "train")[0])
    image = cv2.imread(str(folder / "images" / "000000001.jpg"))[..., ::-1]
    assert image.shape == scene.image.shape
    assert np.abs(image.astype(int) - scene.image).mean() < 6
