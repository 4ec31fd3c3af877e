"""`mmhg score` on files of predictions."""

import json

import cv2
import h5py
import numpy as np
import pytest

JOINTS = np.random.default_rng(0).uniform(50, 300, (6, 16, 2))


@pytest.fixture
def folder(tmp_path):
    """Write a ground truth of six people with heads of 30 px, and two files of predictions."""
    people = [
        dict(
            image="a.jpg",
            center=[1.0, 2.0],
            scale=1.0,
            joints=joints.tolist(),
            joints_vis=[1] * 16,
            visible=[1] * 10 + [0] * 6,
            head_box=[0.0, 0.0, 30.0, 40.0],
        )
        for joints in JOINTS
    ]
    (tmp_path / "gt.json").write_text(json.dumps(people))
    worse = JOINTS.copy()
    worse[:3, 10] += (30, 0)  # half of the right wrists
    files = {
        "good.h5": JOINTS,
        "worse.h5": worse,
        "zero.h5": JOINTS - 1,
        "yx.h5": JOINTS[..., ::-1],
    }
    for name, joints in files.items():
        with h5py.File(tmp_path / name, "w") as file:
            file["preds"] = joints.transpose(2, 1, 0)
    return tmp_path


def test_scores_files_prints_writes_and_plots(call, folder):
    outputs = ("-o", "out.json", "--plot", "curves.png", "--visibility", "--compare")
    done = call(
        folder, "score", "good.h5", "worse.h5", "--gt", "gt.json", "--format", "markdown", *outputs
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    rows = [
        [cell.strip() for cell in line.split(" | ")]
        for line in done.stdout.splitlines()
        if line.startswith("| worse")
    ]
    assert [row[2] for row in rows] == ["all", "visible", "occluded"]
    assert [row[6] for row in rows] == ["75.00", "", "75.00"]  # Wrist
    assert "official: MPII's toolkit" in done.stdout
    assert "Newell et al., 8 stacks" in done.stdout

    report = json.loads((folder / "out.json").read_text())
    assert list(report) == ["good.h5", "worse.h5"]
    assert report["good.h5"]["PCKh@0.5"] == 100
    assert report["worse.h5"]["protocol"] == "official"
    assert report["worse.h5"]["Wrist"] == 75
    assert report["worse.h5"]["joints"]["right_wrist"] == 50
    assert len(report["worse.h5"]["joints"]) == 16
    assert cv2.imread(str(folder / "curves.png")).shape[1] > 800


def test_all_protocols_as_json(call, folder):
    done = call(
        folder, "score", "worse.h5", "--gt", "gt.json", "--protocol", "all", "--format", "json"
    )
    report = json.loads(done.stdout)["worse.h5"]
    assert list(report) == ["official", "hrnet", "mean@0.1 at 0.11", "macro14", "pooled16"]
    assert report["official"]["PCKh@0.5"] == pytest.approx(100 * (1 - 3 / 84))
    assert report["pooled16"]["PCKh@0.5"] == pytest.approx(100 * (1 - 3 / 96))


def test_multi_scale_testing_is_named_in_every_report(call, folder):
    people = [
        {"id": i, "keypoints": (joints - 1).tolist(), "test_scales": [0.8, 1.0]}
        for i, joints in enumerate(JOINTS)
    ]
    (folder / "scales.json").write_text(json.dumps(people))
    flags = ("--format", "csv", "-o", "out.json")
    done = call(folder, "score", "scales.json", "good.h5", "--gt", "gt.json", *flags)
    rows = [line.split(",") for line in done.stdout.replace('"', "").splitlines()]
    assert [row[1:4] for row in rows[1:]] == [
        ["official", " multi-scale 0.8 1", "all"],
        ["official", "all", "100.0"],
    ]
    report = json.loads((folder / "out.json").read_text())
    assert report["scales.json"]["protocol"] == "official, multi-scale 0.8 1"
    assert report["good.h5"]["protocol"] == "official"


def test_warns_of_zero_based_pixels(call, folder):
    done = call(folder, "score", "zero.h5", "--gt", "gt.json")
    assert done.returncode == 0
    assert "zero.h5 lies off by a median of (-1.00, -1.00) px: are its pixels 0-based?" in (
        done.stderr
    )


def test_warns_of_swapped_axes(call, folder):
    done = call(folder, "score", "yx.h5", "worse.h5", "--gt", "gt.json")
    assert done.returncode == 0
    assert done.stderr.count("with x and y exchanged") == 1
    assert "yx.h5 fits the ground truth with x and y exchanged" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.h5", "--gt", "gt.json"], "none.h5 do not exist"),
        (["good.h5", "--gt", "none.mat"], "ground truth none.mat does not exist"),
        (["good.h5", "--gt", "gt.json", "--plot", "x.txt"], "--plot must end in .png"),
        (["good.h5", "--gt", "gt.json", "-o", "no/x.json"], "cannot write no/x.json"),
    ],
)
def test_bad_input(call, folder, arguments, message):
    before = sorted(folder.iterdir())
    done = call(folder, "score", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(folder.iterdir()) == before
