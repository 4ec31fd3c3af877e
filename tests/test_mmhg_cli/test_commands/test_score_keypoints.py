"""`mmhg score` on keypoints of one's own, FLIC, LSP and COCO."""

import csv
import io
import json

import cv2
import h5py
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from scipy.io import savemat

from mmhg.datasets.formats.flic import JOINTS as FLIC
from mmhg.datasets.formats.lsp_mat import JOINTS as LSP

RNG = np.random.default_rng(0)
NAMES = ["left_eye", "right_eye", "nose"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Write 40 faces, two an image, two files of predictions and a second person's labels."""
    folder = tmp_path_factory.mktemp("faces")
    points = RNG.uniform(20, 180, (40, 3, 2))
    points[:, 1] = points[:, 0] + (40.0, 30.0)
    sigmas = np.array([0.01, 0.02, 0.04])[:, None]

    def scattered(size):
        return points + size * 100 * sigmas / np.sqrt(2) * RNG.normal(0, 1, points.shape)

    def content(of_points, third=2):
        people = [
            dict(id=1 + k, image_id=k // 2, category_id=3, iscrowd=0, bbox=[0, 0, 200, 50],
                 area=10000.0, num_keypoints=3,
                 keypoints=np.insert(one, 2, third, axis=1).ravel().tolist())
            for k, one in enumerate(of_points)
        ]  # fmt: skip
        images = [dict(id=k, file_name=f"{k}.jpg", width=200, height=200) for k in range(20)]
        face = dict(id=3, name="face", keypoints=NAMES)
        return dict(images=images, annotations=people, categories=[face])

    (folder / "truth.json").write_text(json.dumps(content(points)))
    (folder / "second.json").write_text(json.dumps(content(scattered(1))))
    for name, size in (("good", 1), ("bad", 3)):
        results = [
            {key: one[key] for key in ("image_id", "category_id", "keypoints")} | {"score": 0.7}
            for one in content(scattered(size), 0.8)["annotations"]
        ]
        (folder / f"{name}.json").write_text(json.dumps(results))
    return folder


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_two_files_side_by_side_with_tables_plot_and_json(call, made):
    metrics = "px,nme,pck,calibration"
    done = call(
        made, "score", "good.json", "bad.json", "--gt", "truth.json", "--metric", metrics,
        "--normalize", "left_eye,right_eye", "--plot", "keypoints.png", "-o", "out.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = json.loads((made / "out.json").read_text())
    assert list(report) == ["good.json", "bad.json"]
    assert list(report["good.json"]) == metrics.split(",")
    means = {path: one["px"]["scores"]["mean_px"] for path, one in report.items()}
    assert 1 < means["good.json"] < means["bad.json"] / 2
    for path, mean in means.items():
        assert f"{mean:.2f}" in done.stdout
        nme = report[path]["nme"]["scores"]["NME"]
        assert nme == pytest.approx(100 * mean / 50)  # 50 px between the eyes
        right = report[path]["pck"]["scores"]["PCK@0.05"]
        assert report[path]["calibration"]["scores"]["right"] == pytest.approx(right)
        assert report[path]["calibration"]["scores"]["ECE"] == pytest.approx(abs(right - 80))
        assert report[path]["calibration"]["bins"][8]["keypoints"] == 120
    assert "0.8 to 0.9" in done.stdout
    assert "mean, good.json" in done.stdout
    picture = cv2.imread(str(made / "keypoints.png"))
    assert picture.shape[1] > 2000  # four measures, and the bins


def test_default_of_own_keypoints_and_every_format(call, made):
    done = call(made, "score", "good.json", "--gt", "truth.json", "--format", "csv")
    rows = rows_of(done.stdout)
    assert {row["metric"] for row in rows} == {"px", "nme"}
    (mean,) = [r for r in rows if (r["keypoint"], r["score"]) == ("nose", "mean")]
    for style in ("plain", "markdown", "latex"):
        done = call(made, "score", "good.json", "--gt", "truth.json", "--format", style)
        line = next(line for line in done.stdout.splitlines() if "nose" in line)
        assert f"{float(mean['value']):.2f}" in line
    done = call(made, "score", "good.json", "--gt", "truth.json", "--format", "json")
    value = json.loads(done.stdout)["good.json"]["px"]["keypoints"]["nose"]["mean"]
    assert value == float(mean["value"])


def test_units_and_success_rates(call, made):
    def scores(*words):
        done = call(made, "score", "bad.json", "--gt", "truth.json", "--format", "json", *words)
        assert done.returncode == 0, done.stderr
        return {
            name: value
            for one in json.loads(done.stdout)["bad.json"].values()
            for name, value in one["scores"].items()
        }

    px = scores("--metric", "px")
    found = scores("--metric", "px,sdr", "--pixel-size", "0.5")
    assert found["mean_mm"] == pytest.approx(px["mean_px"] / 2)
    assert list(found)[-4:] == ["SDR@2mm", "SDR@2.5mm", "SDR@3mm", "SDR@4mm"]
    assert 0 < found["SDR@2mm"] < found["SDR@4mm"] < 100
    assert scores("--metric", "px", "--pixel-size", "5um")["mean_um"] == 5 * px["mean_px"]
    few = scores("--metric", "sdr", "--pixel-size", "0.5", "--threshold", "1,2")
    assert list(few) == ["SDR@1mm", "SDR@2mm"]


def test_oks_by_a_second_persons_labels(call, made):
    done = call(
        made, "score", "good.json", "--gt", "truth.json", "--metric", "oks", "--format", "json",
        "--sigmas", "second.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["good.json"]["oks"]
    sigmas = [one["sigma"] for one in found["keypoints"].values()]  # to 4 digits
    assert sigmas == pytest.approx([0.01, 0.02, 0.04], rel=0.5)
    labels = COCO(str(made / "truth.json"))
    theirs = COCOeval(labels, labels.loadRes(str(made / "good.json")), "keypoints")
    theirs.params.kpt_oks_sigmas = np.array(sigmas)
    theirs.evaluate()
    theirs.accumulate()
    theirs.summarize()
    assert found["scores"]["AP"] == pytest.approx(theirs.stats[0])
    assert found["scores"]["AR"] == pytest.approx(theirs.stats[5])

    done = call(made, "score", "good.json", "--gt", "truth.json", "--metric", "oks")
    assert "note: sigmas are COCO's" in done.stderr


def write_flic(folder):
    points = RNG.uniform(10, 300, (20, 11, 2))
    with h5py.File(folder / "valid.h5", "w") as file:
        file["imgname"] = np.array([f"{k}.jpg".encode() for k in range(20)])
        file["center"] = np.full((20, 2), 100.0)
        file["scale"] = np.full(20, 2.2)
        file["part"] = points
        file["visible"] = np.ones((20, 11))
        file["normalize"] = np.linalg.norm(points[:, 3] - points[:, 6], axis=1)
    return points


def test_flic_as_published(call, tmp_path):
    points = write_flic(tmp_path)
    predicted = points.copy()
    torso = np.linalg.norm(points[:, 3] - points[:, 6], axis=1)
    predicted[:5, FLIC.index("left_wrist"), 0] += 0.21 * torso[:5]
    predicted[5:, FLIC.index("left_wrist"), 0] += 0.19 * torso[5:]
    side = ["shoulder", "elbow", "wrist", "hip"]
    names = ["nose", *(f"{s}_{j}" for s in ("right", "left") for j in side)]
    ten = np.stack([predicted[:, FLIC.index(name)] for name in names], axis=1)
    ten = np.insert(ten, 1, predicted[:, [0, 3]].mean(axis=1), axis=1)
    savemat(tmp_path / "ten.mat", {"pred": ten.transpose(2, 1, 0)})
    with h5py.File(tmp_path / "own.h5", "w") as file:
        file["preds"] = predicted.transpose(2, 1, 0)
    dump = [
        {"id": k, "image": f"x/{k}.jpg", "keypoints": (one - 1).tolist(), "scores": [1.0] * 11}
        for k, one in enumerate(predicted)
    ]
    (tmp_path / "dump.json").write_text(json.dumps(dump))
    done = call(
        tmp_path, "score", "own.h5", "ten.mat", "dump.json", "--gt", "valid.h5", "--format", "json"
    )
    assert done.returncode == 0, done.stderr
    report = {path: one["pck"] for path, one in json.loads(done.stdout).items()}
    for one in report.values():
        assert one["measure"] == "PCK@0.2 of the torso, observer-centric"
        assert one["scores"]["Elbow"] == 100
        assert one["scores"]["Wrist"] == 87.5  # 75 and 100
    assert report["own.h5"] == report["dump.json"]
    assert report["ten.mat"]["scores"]["Nose"] == 100
    assert report["ten.mat"]["joints"]["left_eye"] == {"labeled": 0, "correct": None}
    assert "ten.mat: taken to be 10 joints in Yang et al.'s order" in done.stderr
    assert "not scored, since the file lacks them: left_eye, right_eye" in done.stderr


def test_lsp_by_pck_and_pcp(call, tmp_path):
    joints = RNG.uniform(10, 90, (3, 14, 2000))
    joints[2] = 0
    savemat(tmp_path / "joints.mat", {"joints": joints})
    predicted = joints[:2, :, 1000:].copy()
    predicted[:, LSP.index("left_ankle")] += 500
    savemat(tmp_path / "p.mat", {"pred": predicted})
    done = call(tmp_path, "score", "p.mat", "--gt", "joints.mat", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["p.mat"]
    assert found["pck"]["scores"]["PCK@0.2"] == pytest.approx(100 * 13 / 14)
    assert found["pck"]["scores"]["Ankle"] == 50
    assert found["pcp"]["scores"]["PCP@0.5"] == pytest.approx(90)
    assert found["pcp"]["sticks"]["left_lower_leg"]["correct"] == 0


def test_mpii_by_another_measure(call, tmp_path):
    points = RNG.uniform(50, 300, (6, 16, 2))
    people = [
        dict(image="a.jpg", center=[1.0, 2.0], scale=1.0, joints=one.tolist(),
             joints_vis=[1] * 16, head_box=[0.0, 0.0, 30.0, 40.0])
        for one in points
    ]  # fmt: skip
    (tmp_path / "gt.json").write_text(json.dumps(people))
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["preds"] = points + np.array([3.0, 4.0])
    words = ("score", "p.h5", "--gt", "gt.json", "--format", "json", "--metric")
    done = call(tmp_path, *words, "px,pckh")
    found = json.loads(done.stdout)["p.h5"]
    assert found["px"]["scores"]["mean_px"] == pytest.approx(5)
    assert found["pckh"]["scores"]["PCKh@0.5"] == 100
    assert found["pckh"]["scores"]["PCKh@0.1"] == 0  # 5 of 30 px
    assert call(tmp_path, *words, "px", "--visibility").returncode == 2
    assert "--pixel-size is of" in call(tmp_path, *words, "pckh", "--pixel-size", "1").stderr


def test_a_part_of_a_file_that_is_held_out(call, made):
    people = json.loads((made / "good.json").read_text())
    part = [one for one in people if one["image_id"] % 4 == 0]
    (made / "part.json").write_text(json.dumps(part))
    words = ("score", "part.json", "--gt", "truth.json", "--format", "json", "--metric", "px,pck")
    done = call(made, *words)
    found = json.loads(done.stdout)["part.json"]
    assert found["px"]["scores"]["missed"] == 90
    assert found["pck"]["scores"]["PCK@0.05"] <= 25
    assert "30 of 40 people are in images without any prediction" in done.stderr
    done = call(made, *words, "--only-predicted")
    found = json.loads(done.stdout)["part.json"]
    assert (found["px"]["people"], found["px"]["scores"]["missed"]) == (10, 0)
    assert found["pck"]["scores"]["PCK@0.05"] > 90
    assert "10 of 40 people are in predicted images" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metric", "px,ap"], "--metric must be of pckh, pck, pcp, oks, px, nme, sdr, calib"),
        (["--metric", "sdr"], "give --pixel-size, mm per px"),
        (["--pixel-size", "0"], "--pixel-size must be a positive number of mm per px"),
        (["--pixel-size", "0.1 px"], "--pixel-size must be a positive number of mm per px"),
        (["--normalize", "eyes"], "normalize must be box, longer_side, diagonal"),
        (["--normalize", "left_eye,tail"], "there is no keypoint 'tail'. There are left_eye"),
        (["--threshold", "a"], "--threshold must be numbers, got 'a'"),
        (["--threshold", "0"], "--threshold must be positive"),
        (["--sigmas", "0.1,0.2", "--metric", "oks"], "3 positive numbers, one per keypoint"),
        (["--sigmas", "bad.json", "--metric", "oks"], "these are predictions. The labels of a sec"),
        (["--metric", "pckh"], "PCKh needs head sizes"),
        (
            ["--sigmas", "second.json"],
            "--sigmas is of the metrics oks, but truth.json is scored by",
        ),
        (["--metric", "px", "--normalize", "box"], "--normalize is of the metrics pck, nme, calib"),
        (["--sides", "person-centric"], "--sides is of FLIC's ground truth alone"),
        (["--protocol", "hrnet"], "--protocol belongs to PCKh on MPII's files alone"),
        (["--split", "val"], "--split: ground truth truth.json has no splits"),
        (["--plot", "x.txt"], "--plot must end in .png"),
        (["-o", "no/x.json"], "cannot write no/x.json"),
    ],
)
def test_bad_input(call, made, words, message):
    before = sorted(made.iterdir())
    done = call(made, "score", "good.json", "--gt", "truth.json", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(made.iterdir()) == before
