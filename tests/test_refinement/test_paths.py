"""Check the measurements of joints from stack to stack, and the choice of people and joints."""

from dataclasses import replace

import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from mmhg.errors import InputError
from mmhg.refinement.paths import DistanceUnit, joint_paths, most_corrected
from mmhg.refinement.tiles import choose_joints, drawn_joints, find_joints
from test_refinement.made import ELBOW, METAINFO, WRIST, paths


def test_distances_are_in_head_sizes() -> None:
    moves = paths(3)  # 24, 12 and 0 px off; a head has 8 px
    np.testing.assert_allclose(moves.errors[:, WRIST], [3.0, 1.5, 0.0])
    np.testing.assert_allclose(moves.moved[:, WRIST], [1.5, 1.5])
    assert moves.correct.sum(1).tolist() == [15, 15, 16]
    assert (np.delete(moves.moved, WRIST, axis=1) == 0).all()


def test_correction_scores() -> None:
    assert paths(2).correction_score[WRIST] == 1.0  # corrected, at most 2 thresholds
    assert paths(2, off=5.0).correction_score[WRIST] == 5 / 8
    assert paths(2, off=3.0).correction_score[WRIST] == 0.0  # was right
    moves = paths(2)
    moves.keypoints[1, [WRIST, ELBOW], 0] += 10
    assert moves.correction_score[WRIST] == -0.25  # nearer, but still missed
    assert moves.correction_score[ELBOW] == -1.0  # spoiled
    assert moves.correction_score.sum() == -1.25
    assert (paths(2, annotated=False).correction_score == 0).all()


def test_the_most_corrected_person_is_chosen() -> None:
    people = [paths(2, off=3.0), paths(2, off=5.0), paths(2), paths(2, annotated=False)]
    assert most_corrected(people, 3) == [2, 1, 3]
    in_percent = replace(paths(2, off=5.0), unit=DistanceUnit("% of the crop", 0.64, 5.0))
    assert most_corrected([in_percent, paths(2)], 1) == [1]  # 7.8 %, 1.6 thresholds, against 2
    unknown = [paths(2, annotated=False, off=off) for off in (1.0, 9.0, 4.0)]
    assert most_corrected(unknown, 3) == [1, 2, 0]


def test_joints_that_show_most_come_first() -> None:
    moves = paths(2)
    moves.keypoints[0, ELBOW, 0] += 5
    assert choose_joints(moves, 2) == [WRIST, ELBOW]
    moves = paths(2)
    moves.truth[WRIST] = np.nan  # not drawn, so not shown
    assert WRIST not in choose_joints(moves, 15)
    assert choose_joints(paths(2, annotated=False), 1) == [WRIST]


def test_rows_go_to_missed_joints_then_to_those_that_moved_far() -> None:
    moves = paths(2)
    moves.keypoints[0, ELBOW, 0] += 1  # right throughout, and hardly moved
    assert choose_joints(moves, 4) == [WRIST]
    moves = paths(2)
    moves.keypoints[:, WRIST, 0] = moves.truth[WRIST, 0] + 5  # missed throughout, where it was
    moves.keypoints[0, ELBOW, 0] += 3  # right throughout, moved 3 of 8 px
    assert choose_joints(moves, 4) == [WRIST, ELBOW]
    moves = paths(3)
    moves.keypoints[1, ELBOW, 0] += 7  # missed in between
    assert choose_joints(moves, 4) == [WRIST, ELBOW]
    unknown = paths(2, annotated=False)
    unknown.keypoints[0, ELBOW, 0] += 30
    assert choose_joints(unknown, 4) == [ELBOW, WRIST]
    assert choose_joints(paths(2, off=1.0), 4) == [WRIST]  # nothing to see: the farthest move
    assert choose_joints(paths(1), 4) == [WRIST]


def test_joints_by_name() -> None:
    assert find_joints(["right_wrist", "right elbow"], METAINFO) == [WRIST, ELBOW]
    assert find_joints(["all"], METAINFO) == list(range(16))
    with pytest.raises(InputError, match=r"no joint nose in the dataset\. It has right_ankle"):
        find_joints(["nose"], METAINFO)


def sample(keypoint: tuple[float, float], **truth: np.ndarray) -> PoseDataSample:
    """Make a sample whose input of 64 x 128 px shows 32 x 64 px of the image around (100, 200)."""
    return PoseDataSample(
        metainfo=dict(
            input_center=np.array([100.0, 200.0]),
            input_scale=np.array([32.0, 64.0]),
            input_size=(64, 128),
        ),
        gt_instances=InstanceData(bboxes=np.zeros((1, 4)), **truth),
        pred_instances=InstanceData(keypoints=np.array([[keypoint, (84.0, 168.0)]])),
    )


def test_paths_are_in_px_of_the_input() -> None:
    truth = dict(
        keypoints=np.array([[[100.0, 200.0], [1.0, 1.0]]]),
        keypoints_visible=np.array([[1.0, 0.0]]),
        head_size=np.array([[6.0]]),
    )
    found = joint_paths([sample((106.0, 200.0), **truth), sample((102.0, 201.0), **truth)])
    np.testing.assert_allclose(found.keypoints, [[[44, 64], [0, 0]], [[36, 66], [0, 0]]])
    np.testing.assert_allclose(found.truth, [[32, 64], [np.nan, np.nan]])
    assert found.unit == DistanceUnit("head sizes", 12.0, 0.5)
    assert drawn_joints(found).tolist() == [True, False]


def test_people_with_a_torso_size_are_measured_by_it() -> None:
    truth = dict(
        keypoints=np.array([[[100.0, 200.0], [1.0, 1.0]]]),
        keypoints_visible=np.array([[1.0, 0.0]]),
        torso_size=np.array([[10.0]]),
    )
    found = joint_paths([sample((103.0, 200.0), **truth)])
    assert found.unit == DistanceUnit("torso sizes", 20.0, 0.2)
    np.testing.assert_allclose(found.errors[0, 0], 0.3)


def test_without_annotation_the_unit_is_of_the_crop() -> None:
    found = joint_paths([sample((106.0, 200.0))])
    assert not found.annotated.any()
    assert drawn_joints(found).all()
    assert (found.unit.size_px, found.unit.name) == (1.28, "% of the crop")
    assert found.moved.shape == (0, 2)
