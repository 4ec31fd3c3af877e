"""Check that annotations and image agree."""

import numpy as np
import pytest

from mmhg.datasets.formats.mpii_mat import JOINTS
from mmhg.synthetic.annotation import hidden_joints
from mmhg.synthetic.body import dress, sample_appearance
from mmhg.synthetic.camera import BODY_TO_CAMERA, PinholeCamera
from mmhg.synthetic.materials import TRAINING
from mmhg.synthetic.posing import sample_proportions, sample_skeleton
from mmhg.synthetic.raster import DepthBuffer, Surface
from mmhg.synthetic.skeleton import (
    LIMITS,
    Proportions,
    Skeleton,
    clip_to_limits,
    pose_skeleton,
    rotation,
)

STATURE = 120.0
DISTANCE = 3.0


def at_rest(**changes: float) -> dict[str, float]:
    angles = {}
    for name in LIMITS:
        if name.startswith(("waist", "neck")):
            angles[name] = 0.0
        else:
            angles |= {f"left_{name}": 0.0, f"right_{name}": 0.0}
    return {**angles, **changes}


def standing(facing: float, **changes: float) -> tuple[Skeleton, PinholeCamera]:
    camera = PinholeCamera(DISTANCE * STATURE, (79.5, 99.5))
    skeleton = pose_skeleton(at_rest(**changes), Proportions())
    turn = BODY_TO_CAMERA @ rotation("y", -facing)
    return skeleton.moved(turn, np.array([0.0, 0.0, DISTANCE])), camera


def column(skeleton: Skeleton, camera: PinholeCamera, joint: str) -> float:
    return float(camera.project(skeleton.joints)[JOINTS.index(joint), 0])


def test_joints_have_mpiis_order() -> None:
    from mmpose.datasets.datasets.utils import parse_pose_metainfo

    from mmhg.datasets import MPIIPersonDataset

    names = parse_pose_metainfo(MPIIPersonDataset.METAINFO)["keypoint_id2name"]
    assert tuple(names.values()) == JOINTS


@pytest.mark.parametrize(("facing", "sign"), [(0, 1), (180, -1)])
def test_sides_are_the_persons_own(facing: float, sign: int) -> None:
    """Check that a person who faces the camera has the left hand on the right of the image."""
    skeleton, camera = standing(facing)
    for joint in ("shoulder", "hip", "wrist", "ankle"):
        offset = column(skeleton, camera, f"left_{joint}") - column(
            skeleton, camera, f"right_{joint}"
        )
        assert sign * offset > 5


def test_upright_people_stand_upright() -> None:
    skeleton, camera = standing(0)
    rows = camera.project(skeleton.joints)[:, 1]
    order = ["head_top", "upper_neck", "thorax", "pelvis", "left_knee", "left_ankle"]
    assert (np.diff([rows[JOINTS.index(joint)] for joint in order]) > 0).all()


def test_limbs_keep_their_lengths() -> None:
    size = Proportions()
    rng = np.random.default_rng(0)
    for _ in range(5):
        joints = sample_skeleton(rng, size, 1.0, 0.5).joints
        for side in ("left", "right"):
            points = [joints[JOINTS.index(f"{side}_{j}")] for j in ("hip", "knee", "ankle")]
            assert np.linalg.norm(points[0] - points[1]) == pytest.approx(size.thigh)
            assert np.linalg.norm(points[1] - points[2]) == pytest.approx(size.shin)


def test_angles_stay_within_limits() -> None:
    clipped = clip_to_limits({"left_knee_flex": 999.0, "right_elbow_flex": -5.0, "neck_nod": 3.0})
    assert clipped == {
        "left_knee_flex": LIMITS["knee_flex"][1],
        "right_elbow_flex": LIMITS["elbow_flex"][0],
        "neck_nod": 3.0,
    }


def drawn(skeleton: Skeleton, camera: PinholeCamera) -> tuple[list[Surface], DepthBuffer]:
    looks = sample_appearance(np.random.default_rng(1), TRAINING)
    surfaces = dress(skeleton, looks, 0, 0)
    buffer = DepthBuffer(160, 200, camera)
    buffer.draw(surfaces)
    return surfaces, buffer


def test_the_far_arm_of_a_person_seen_from_the_side_is_hidden() -> None:
    skeleton, camera = standing(90)  # shows the left side
    hidden = hidden_joints(skeleton, 0, *drawn(skeleton, camera))
    flags = dict(zip(JOINTS, hidden, strict=True))
    assert not flags["left_shoulder"]
    assert not flags["left_elbow"]
    assert not flags["left_knee"]
    assert flags["right_elbow"]


def test_a_person_from_the_front_hides_nothing() -> None:
    raised = {f"{side}_shoulder_raise": 40.0 for side in ("left", "right")}
    skeleton, camera = standing(0, **raised)
    assert not hidden_joints(skeleton, 0, *drawn(skeleton, camera)).any()


def test_whoever_stands_in_front_hides() -> None:
    raised = {f"{side}_shoulder_raise": 40.0 for side in ("left", "right")}
    skeleton, camera = standing(0, **raised)
    nearer = skeleton.moved(np.eye(3), np.array([0.0, 0.0, -0.8]))
    looks = sample_appearance(np.random.default_rng(1), TRAINING)
    surfaces = dress(skeleton, looks, 0, 0) + dress(nearer, looks, 1, len(looks.materials))
    buffer = DepthBuffer(160, 200, camera)
    buffer.draw(surfaces)
    behind = dict(zip(JOINTS, hidden_joints(skeleton, 0, surfaces, buffer), strict=True))
    assert behind["pelvis"]
    assert behind["thorax"]
    assert not hidden_joints(nearer, 1, surfaces, buffer).any()


def test_proportions_vary() -> None:
    rng = np.random.default_rng(0)
    thighs = [sample_proportions(rng).thigh for _ in range(20)]
    assert np.std(thighs) > 0.001
