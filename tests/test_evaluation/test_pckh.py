"""PCKh against hand-computed examples, a plain loop, and the official toolkit's output."""

import itertools
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from mmpose.evaluation.functional import keypoint_pck_accuracy

from mmhg.datasets import MPIIPersonDataset
from mmhg.datasets.people import head_sizes_from_boxes
from mmhg.errors import InputError
from mmhg.evaluation.pckh import (
    AUC_THRESHOLDS,
    accuracies,
    area_under_curve,
    group_curves,
    normalized_distances,
    score_by_visibility,
    score_pckh,
)
from mmhg.evaluation.protocols import OFFICIAL, PROTOCOLS

JOINTS = list(MPIIPersonDataset(lazy_init=True).metainfo["keypoint_id2name"].values())


def made_people(num_people=40, seed=0):
    """Make predictions, annotations, head sizes and flags, with errors near the threshold."""
    rng = np.random.default_rng(seed)
    ground_truth = rng.uniform(0, 500, (num_people, 16, 2))
    head_sizes = rng.uniform(10, 60, num_people)
    offsets = rng.normal(0, 0.35, (num_people, 16, 2)) * head_sizes[:, None, None]
    return ground_truth + offsets, ground_truth, head_sizes, rng.random((num_people, 16)) < 0.8


def toolkit_by_loops(predictions, ground_truth, head_sizes, annotated, names):
    """Compute the toolkit's definition with its own loops over joints, people and thresholds."""

    def percent(joints, threshold):
        correct = total = 0
        for person in range(len(predictions)):
            for joint in joints:
                k = names.index(joint)
                if annotated[person, k]:
                    distance = math.dist(predictions[person, k], ground_truth[person, k])
                    correct += distance / head_sizes[person] <= threshold
                    total += 1
        return 100 * correct / total

    def pair(joint):
        return (percent([f"right_{joint}"], 0.5) + percent([f"left_{joint}"], 0.5)) / 2

    everything = [joint for joint in names if joint not in ("pelvis", "thorax")]
    curve = [percent(everything, step / 100) for step in range(51)]
    area = sum((left + right) / 2 * 0.01 for left, right in itertools.pairwise(curve))
    arms = [j for j in names if j.split("_")[-1] in ("shoulder", "elbow", "wrist")]
    expected = {
        "PCKh@0.5": percent(everything, 0.5),
        "PCKh@0.1": percent(everything, 0.1),
        "AUC": area / 0.5,
        "UBody": percent(arms, 0.5),
        "Head": (percent(["upper_neck"], 0.5) + percent(["head_top"], 0.5)) / 2,
    }
    parts = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    return expected | {part.capitalize(): pair(part) for part in parts}


def test_equals_the_definition_by_loops():
    people = made_people()
    scores = score_pckh(normalized_distances(*people), JOINTS)
    expected = toolkit_by_loops(*people, JOINTS)
    assert list(scores.summary) == list(expected)
    assert scores.summary == pytest.approx(expected, abs=1e-9)
    assert len(set(expected.values())) == len(expected)  # else a mix-up would go unnoticed


def test_joints_are_found_by_name():
    predictions, ground_truth, head_sizes, annotated = made_people()
    order = np.random.default_rng(1).permutation(16)
    shuffled = normalized_distances(
        predictions[:, order], ground_truth[:, order], head_sizes, annotated[:, order]
    )
    expected = score_pckh(
        normalized_distances(predictions, ground_truth, head_sizes, annotated), JOINTS
    )
    found = score_pckh(shuffled, [JOINTS[k] for k in order])
    assert found.summary == expected.summary
    assert found.parts == expected.parts


def test_hand_computed_example():
    """Score two people with heads of 10 and 20 px; all joints right except for three offsets."""
    ground_truth = np.full((2, 16, 2), 100.0)
    predictions = ground_truth.copy()
    predictions[0, JOINTS.index("left_wrist")] += (3, 4)  # 5 px: 0.5 head sizes, just correct
    predictions[1, JOINTS.index("left_wrist")] += (6, 8.001)  # just over 0.5
    predictions[1, JOINTS.index("head_top")] += (0, 3)  # 0.15
    annotated = np.ones((2, 16), bool)
    annotated[0, JOINTS.index("head_top")] = False
    distances = normalized_distances(predictions, ground_truth, np.array([10.0, 20.0]), annotated)
    assert distances[0, JOINTS.index("left_wrist")] == 0.5
    assert distances[1, JOINTS.index("head_top")] == 0.15
    assert np.isnan(distances[0, JOINTS.index("head_top")])

    scores = score_pckh(distances, JOINTS)
    assert scores.people == 2
    assert scores.summary["PCKh@0.5"] == pytest.approx(100 * 26 / 27)
    assert scores.summary["PCKh@0.1"] == pytest.approx(100 * 24 / 27)
    assert scores.summary["Wrist"] == 75
    assert scores.summary["Head"] == 100
    assert scores.summary["UBody"] == pytest.approx(100 * 11 / 12)
    assert scores.parts["left_wrist"] == (2, (50, 0))
    assert scores.parts["head_top"] == (1, (100, 0))
    assert scores.parts["pelvis"] == (2, (100, 100))


def test_head_is_the_mean_of_two_accuracies_not_pooled():
    distances = np.full((4, 16), 0.0)
    distances[:3, JOINTS.index("upper_neck")] = np.nan  # one annotated, right
    distances[:, JOINTS.index("head_top")] = 1.0  # four annotated, wrong
    assert score_pckh(distances, JOINTS).summary["Head"] == 50


def test_pelvis_and_thorax_do_not_count():
    distances = np.zeros((3, 16))
    distances[:, [JOINTS.index("pelvis"), JOINTS.index("thorax")]] = 9.0
    scores = score_pckh(distances, JOINTS)
    assert scores.summary == dict.fromkeys(scores.summary, 100.0)
    assert scores.parts["pelvis"].correct[0] == scores.parts["thorax"].correct[0] == 0


@pytest.mark.parametrize("step", range(51))
def test_every_threshold_of_the_curve_is_inclusive(step):
    assert accuracies(np.array([step / 100]), np.arange(51) / 100).tolist() == [0] * step + [
        100
    ] * (51 - step)


def test_area_under_curve():
    def area(distance):
        return area_under_curve(accuracies(np.array([distance]), AUC_THRESHOLDS))

    assert area(0.0) == 100
    assert area(0.51) == 0
    # 0 up to 0.24, a ramp to 100 at 0.25, flat up to 0.5: (0.005 + 0.25) / 0.5
    assert area(0.25) == pytest.approx(51)


def test_curves_pass_through_the_scores():
    people = made_people()
    distances = normalized_distances(*people)
    for protocol in PROTOCOLS.values():
        curves = group_curves(distances, JOINTS, protocol)
        scores = score_pckh(distances, JOINTS, protocol).summary
        assert all(len(curve) == 51 for curve in curves.values())
        assert curves["Total"][50] == scores["PCKh@0.5"]
        assert curves["Wrist"][50] == scores["Wrist"]
        assert curves["UBody"][50] == scores["UBody"]
        assert area_under_curve(curves["Total"]) == scores["AUC"]


def test_visible_and_occluded_joints_apart():
    distances = np.zeros((2, 16))
    wrists = [JOINTS.index("left_wrist"), JOINTS.index("right_wrist")]
    distances[:, wrists] = 0.7
    visible = np.ones((2, 16))
    visible[:, wrists] = 0
    visible[0, JOINTS.index("left_knee")] = np.nan  # in neither part
    distances[0, JOINTS.index("left_knee")] = 9.0
    parts = score_by_visibility(distances, visible, JOINTS)
    assert list(parts) == ["visible", "occluded"]
    assert parts["visible"].summary["PCKh@0.5"] == 100
    assert parts["occluded"].summary["PCKh@0.5"] == 0
    assert parts["occluded"].summary["Wrist"] == 0
    assert math.isnan(parts["visible"].summary["Wrist"])
    assert parts["visible"].parts["left_knee"].annotated == 1
    assert math.isnan(parts["occluded"].summary["Knee"])
    with pytest.raises(InputError, match=r"visible has shape \(2, 15\)"):
        score_by_visibility(distances, visible[:, :15], JOINTS)


def test_joints_without_annotation_are_undefined():
    distances = np.zeros((2, 16))
    distances[:, [JOINTS.index("left_knee"), JOINTS.index("head_top")]] = np.nan
    scores = score_pckh(distances, JOINTS)
    assert math.isnan(scores.summary["Knee"])
    assert math.isnan(scores.summary["Head"])
    assert scores.summary["PCKh@0.5"] == 100

    report = json.loads(json.dumps(scores.to_json(), allow_nan=False))
    assert report["protocol"] == "official"
    assert report["Knee"] is None
    assert report["Ankle"] == 100
    assert report["joints"]["left_knee"] is None
    assert report["joints"]["right_knee"] == 100
    assert list(report["joints"]) == JOINTS
    assert "left_knee" in scores.table()


def test_no_annotation_is_undefined():
    scores = score_pckh(np.full((2, 16), np.nan), JOINTS)
    assert all(math.isnan(value) for value in scores.summary.values())


def test_table_shows_counts_and_scores():
    distances = np.zeros((4, 16))
    distances[0, JOINTS.index("left_hip")] = 0.3
    distances[1, JOINTS.index("left_hip")] = np.nan
    table = score_pckh(distances, JOINTS).table().splitlines()
    assert table[0] == "PCKh, protocol official, 4 people"
    row = next(line for line in table if line.startswith("left_hip"))
    assert row.split() == ["left_hip", "3", "100.00", "66.67"]
    assert len({len(line) for line in table[1:19]}) == 1  # aligned
    row = next(line for line in table if line.startswith("Hip"))
    assert row.split() == ["Hip", "100.00"]


def test_head_sizes():
    assert head_sizes_from_boxes(np.array([[10.0, 20.0, 40.0, 60.0]])).tolist() == [30.0]


@pytest.mark.parametrize(
    ("index", "shape"), [(0, (3, 15, 2)), (1, (3, 16, 3)), (2, (2,)), (3, (3, 15))]
)
def test_shapes_that_disagree(index, shape):
    arguments = [np.ones((3, 16, 2)), np.ones((3, 16, 2)), np.ones(3), np.ones((3, 16), bool)]
    arguments[index] = np.ones(shape, arguments[index].dtype)
    with pytest.raises(InputError) as error:
        normalized_distances(*arguments)
    assert str(shape) in str(error.value)


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, np.inf])
def test_unusable_head_size_names_the_person(value):
    arguments = [np.ones((3, 16, 2)), np.ones((3, 16, 2)), np.ones(3), np.ones((3, 16), bool)]
    arguments[2][1] = value
    with pytest.raises(InputError, match="person 1: the head size must be positive"):
        normalized_distances(*arguments)
    with pytest.raises(InputError, match=r"person 1 \(b\.jpg\)"):
        normalized_distances(*arguments, person_names=["a.jpg", "b.jpg", "c.jpg"])
    arguments[3][1] = False  # then the person does not count
    assert np.isnan(normalized_distances(*arguments)[1]).all()


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_coordinates_that_are_not_finite_name_the_person(index, value):
    arguments = [np.ones((3, 16, 2)), np.ones((3, 16, 2)), np.ones(3), np.ones((3, 16), bool)]
    arguments[index][2, 5, 1] = value
    with pytest.raises(InputError, match=r"person 2: .* must be finite"):
        normalized_distances(*arguments)
    arguments[3][2, 5] = False
    assert np.isnan(normalized_distances(*arguments)).sum() == 1


def test_dataset_without_a_needed_joint():
    with pytest.raises(InputError, match="does not name: head_top"):
        score_pckh(np.zeros((1, 15)), [joint for joint in JOINTS if joint != "head_top"])


def test_joint_names_must_fit():
    with pytest.raises(InputError, match=r"\(P, 16\).*\(1, 15\)"):
        score_pckh(np.zeros((1, 15)), JOINTS)


def test_official_protocol_counts_fourteen_joints():
    assert set(OFFICIAL.total) == set(JOINTS) - {"pelvis", "thorax"}
    assert len(OFFICIAL.total) == 14
    assert len(OFFICIAL.upper_body) == 6


def test_published_predictions_score_as_by_the_official_toolkit():
    """Score Tompson et al.'s predictions as the toolkit does, run in Octave."""
    folder = Path(os.environ.get("MMHG_SHARED_DATA", "")) / "mpii"
    if not (folder / "tompson.h5").is_file():
        pytest.skip("MMHG_SHARED_DATA does not name a folder with mpii/tompson.h5")
    h5py = pytest.importorskip("h5py")
    from scipy.io import loadmat

    truth = loadmat(folder / "mpii_gt_val.mat")
    with h5py.File(folder / "tompson.h5") as file:
        predictions = file["preds"][:].transpose(2, 1, 0)
    boxes = truth["headboxes_src"].transpose(2, 0, 1).reshape(-1, 4)
    distances = normalized_distances(
        predictions,
        truth["pos_gt_src"].transpose(2, 0, 1),
        head_sizes_from_boxes(boxes),
        truth["jnt_missing"].T == 0,
    )
    scores = score_pckh(distances, JOINTS)
    assert scores.summary["PCKh@0.5"] == pytest.approx(82.3367, abs=1e-4)
    assert scores.summary["PCKh@0.1"] == pytest.approx(28.9748, abs=1e-4)
    assert scores.summary["AUC"] == pytest.approx(55.7812, abs=1e-4)
    assert scores.summary["UBody"] == pytest.approx(84.2940, abs=1e-4)
    assert scores.summary["Head"] == pytest.approx(96.6577, abs=1e-3)
    expected = [65.2009, 73.4406, 82.0007, 81.8560, 73.2849, 65.6914]
    expected += [97.7149, 95.6003, 76.4003, 83.3731, 92.1535, 93.2745, 83.3561, 77.0712]
    counted = [joint for joint in JOINTS if joint not in ("pelvis", "thorax")]
    found = [scores.parts[joint].correct[0] for joint in counted]
    assert found == pytest.approx(expected, abs=1e-4)


def test_equals_mmposes_function_where_definitions_coincide():
    """Compare without ties, since MMPose's float32 distances must be below the threshold."""
    predictions, ground_truth, head_sizes, annotated = made_people(num_people=300)
    distances = normalized_distances(predictions, ground_truth, head_sizes, annotated)
    sizes = np.repeat(head_sizes[:, None], 2, axis=1)
    for threshold in AUC_THRESHOLDS:
        theirs, *_ = keypoint_pck_accuracy(predictions, ground_truth, annotated, threshold, sizes)
        ours = [accuracies(joint, [threshold])[0] / 100 for joint in distances.T]
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
