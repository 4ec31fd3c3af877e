"""Measures on matched files: what each counts, and what it needs."""

import json

import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.evaluation.oks import sigmas_of_residuals
from mmhg.results.scoring.measures import Settings, default_metrics, measure
from mmhg.results.scoring.oks_measure import label_sigmas, usual_sigmas
from mmhg.results.scoring.records import Predicted, Truth
from mmhg.results.scoring.reports import as_json
from test_results.test_scoring.faces import NAMES, POINTS

RNG = np.random.default_rng(1)


def truth(**changes):
    people = len(POINTS)
    settings = dict(
        kind="COCO", file="truth.json", names=NAMES, keypoints=POINTS,
        labeled=np.ones((people, 3), bool), ids=range(people), images=[("a.jpg", None)] * people,
        boxes=np.tile([0.0, 0, 160, 90], (people, 1)), areas=np.full(people, 10000.0),
    )  # fmt: skip
    return Truth(**(settings | changes))


def predicted(offset, **changes):
    people = len(POINTS)
    settings = dict(
        keypoints=POINTS + offset, covered=np.ones(3, bool), looked_at=np.ones(people, bool)
    )
    return Predicted(**(settings | changes))


def score(metric, of=None, offset=(3.0, 4.0), settings=None, **changes):
    found = measure(
        metric, of or truth(), {"p": predicted(offset, **changes)}, settings or Settings()
    )
    return found.scores["p"], found.notes


def test_px_and_pixel_size():
    assert score("px")[0].summary["mean_px"] == pytest.approx(5)
    assert score("px", settings=Settings(pixel_size=0.1))[0].summary["mean_mm"] == pytest.approx(
        0.5
    )
    of_each = truth(pixel_sizes=np.array([0.1] * 3 + [0.2] * 3))
    assert score("px", of_each)[0].summary["mean_mm"] == pytest.approx(0.75)
    assert score("sdr", of_each, (20, 0))[0].summary["SDR@2mm"] == pytest.approx(50)


def test_sdr_needs_a_pixel_size_and_distances_in_its_unit():
    assert score("sdr", settings=Settings(pixel_size=0.5))[0].summary["SDR@2.5mm"] == 100
    with pytest.raises(InputError, match="give --pixel-size, mm per px"):
        score("sdr")
    with pytest.raises(InputError, match="Give --threshold in um"):
        score("sdr", settings=Settings(pixel_size=5.0, unit="um"))


def test_nme_and_pck_by_box_eyes_and_number():
    assert score("nme")[0].summary["NME"] == pytest.approx(100 * 5 / 120)
    eyes = Settings(normalize="left_eye,right_eye")
    assert score("nme", settings=eyes)[0].summary["NME"] == pytest.approx(10)
    assert score("pck", settings=Settings(normalize="100"))[0].summary == {"PCK@0.05": 100}
    assert score("pck", settings=Settings(thresholds=[0.03]))[0].summary == {"PCK@0.03": 0}
    with pytest.raises(InputError, match="--threshold: one number, got"):
        score("pck", settings=Settings(thresholds=[0.1, 0.2]))


def test_without_boxes_the_extent_of_the_labels_is_said():
    scores, notes = score("nme", truth(boxes=None))
    assert "extent of the labeled keypoints" in notes[0]
    extent = POINTS.max(axis=1) - POINTS.min(axis=1)
    assert scores.summary["NME"] == pytest.approx(100 * np.mean(5 / np.sqrt(extent.prod(axis=1))))


def test_people_without_the_length_are_left_out_and_said():
    labeled = np.ones((6, 3), bool)
    labeled[2, 1] = False
    scores, notes = score(
        "nme", truth(labeled=labeled), settings=Settings(normalize="left_eye,right_eye")
    )
    assert "1 of 6 people are left out" in notes[0] and "a.jpg, id 2" in notes[0]
    assert scores.keypoints["nose"]["labeled"] == 5
    labeled[:, 1] = False
    with pytest.raises(InputError, match="has the length 'left_eye,right_eye'"):
        score("nme", truth(labeled=labeled), settings=Settings(normalize="left_eye,right_eye"))


def test_missed_and_uncovered_keypoints():
    keypoints = POINTS + 0.0
    keypoints[0, 0] = np.nan
    scores, _ = score("pck", keypoints=keypoints, covered=np.array([True, True, False]))
    assert scores.summary["PCK@0.05"] == pytest.approx(100 * 11 / 12)
    assert scores.keypoints["nose"]["labeled"] == 0


def test_torso_pck_and_pcp_take_missed_joints_as_wrong():
    names = ["left_shoulder", "right_hip", "nose"]
    keypoints = POINTS.copy()
    keypoints[0, 0] = np.nan
    of_people = truth(
        kind="FLIC", names=names, sizes={"torso": np.full(6, 100.0)}, sides="observer-centric"
    )
    found = measure("pck", of_people, {"p": predicted(0, keypoints=keypoints)}, Settings())
    scores = found.scores["p"]
    assert scores.summary["PCK@0.2"] == pytest.approx(100 * 17 / 18)
    assert scores.convention == "observer-centric"
    assert scores.parts["left_shoulder"].annotated == 6
    with pytest.raises(InputError, match="PCP needs joints that the dataset does not name"):
        measure("pcp", of_people, {"p": predicted(0)}, Settings())
    with pytest.raises(InputError, match=r"PCKh needs head sizes, which .* does not have"):
        measure("pckh", of_people, {"p": predicted(0)}, Settings())


def test_calibration_needs_confidences():
    with pytest.raises(InputError, match="predictions p have no confidences"):
        score("calibration")
    confidences = np.full((6, 3), 0.8)
    scores, _ = score("calibration", confidences=confidences)
    assert scores.summary["ECE"] == pytest.approx(20)


def test_what_each_ground_truth_is_scored_by():
    assert default_metrics(truth()) == ("px", "nme")
    assert default_metrics(truth(kind="LSP")) == ("pck", "pcp")
    assert default_metrics(truth(kind="FLIC")) == ("pck",)
    names = [*map(str, range(16)), "left_ankle"]
    assert default_metrics(truth(names=names)) == ("oks",)


def test_sigmas_of_coco_given_and_estimated():
    of_people = truth(names=["left_eye", "right_eye", "nose"])
    sigmas, note = usual_sigmas(of_people, {}, np.ones(6))
    assert sigmas.tolist() == [0.025, 0.025, 0.026] and "COCO's" in note
    given = Settings(sigmas=np.array([0.025, 0.025, 0.025]))
    scores, notes = score("oks", settings=given)
    assert scores.summary["OKS"] == pytest.approx(np.exp(-0.5))  # 5 px: 2 sigma sqrt(area)
    assert notes == []
    other = truth(names=["tip", "base", "joint"])
    files = {
        name: predicted(RNG.normal(0, [[[2]], [[2]], [[9]]][k], (6, 3, 2)))
        for k, name in enumerate("ab")
    }
    found = measure("oks", other, files, Settings())
    distances = [np.hypot(*np.moveaxis(one.keypoints - POINTS, 2, 0)) for one in files.values()]
    expected = sigmas_of_residuals(np.concatenate(distances), np.full(12, 10000.0))
    for scores in found.scores.values():  # all files by the same sigmas
        assert [one["sigma"] for one in scores.keypoints.values()] == pytest.approx(
            expected, abs=1e-4
        )
    assert "estimated from the errors of these predictions" in found.notes[0]
    assert f"--sigmas {expected[0]:.4f},{expected[1]:.4f},{expected[2]:.4f}" in found.notes[0]


def test_sigmas_of_a_second_persons_labels():
    people = 4000
    points = RNG.uniform(0, 100, (people, 3, 2))
    of_many = truth(
        keypoints=points, labeled=np.ones((people, 3), bool), ids=range(people),
        images=[("", None)] * people, areas=np.full(people, 400.0), boxes=None,
    )  # fmt: skip
    spread = 20 * np.array([0.02, 0.05, 0.1])[:, None] / np.sqrt(2)
    second = predicted(0, keypoints=points + RNG.normal(0, 1, points.shape) * spread)
    assert label_sigmas(of_many, second) == pytest.approx([0.02, 0.05, 0.1], rel=0.06)
    with pytest.raises(InputError, match=r"too few have left_eye, right_eye, nose"):
        label_sigmas(of_many, predicted(0, keypoints=points))  # a copy


def test_oks_takes_the_boxes_where_there_are_no_areas():
    none = truth(areas=np.full(6, np.nan))
    scores, notes = score("oks", none, (0, 0))
    assert scores.summary["OKS"] == 1
    assert "has no areas: OKS takes 0.53 of the box" in notes[0]
    some = truth(areas=np.array([np.nan, *[10000.0] * 5]))
    assert "1 of 6 people are left out of OKS" in score("oks", some)[1][0]


def test_json_of_all_is_json():
    found = measure("px", truth(), {"p": predicted(1.0)}, Settings())
    content = json.loads(json.dumps(as_json([found], {"p": predicted(1.0)})))
    assert content["p"]["px"]["scores"]["mean_px"] == pytest.approx(2**0.5)
    assert set(content["p"]["px"]["keypoints"]) == set(NAMES)
