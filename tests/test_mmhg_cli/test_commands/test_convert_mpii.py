"""`mmhg convert-mpii` as a command."""

import json

import pytest
from scipy.io import savemat


def rect(x):
    points = [{"x": x + k, "y": 2.0 * k + 1, "id": k, "is_visible": k % 2} for k in range(16)]
    return {
        "x1": 1.0,
        "y1": 1.0,
        "x2": 4.0,
        "y2": 5.0,
        "scale": 1.5,
        "objpos": {"x": x, "y": 20.0},
        "annopoints": {"point": points},
    }


@pytest.fixture
def release(tmp_path):
    annolist = [
        {"image": {"name": "a.jpg"}, "annorect": [rect(10.0), rect(30.0)]},
        {"image": {"name": "b.jpg"}, "annorect": [{"scale": 2.0, "objpos": {"x": 7.0, "y": 8.0}}]},
        {"image": {"name": "c.jpg"}, "annorect": [rect(50.0), {"scale": 1.0}]},
    ]
    savemat(
        tmp_path / "release.mat",
        {
            "RELEASE": {
                "annolist": annolist,
                "img_train": [1, 0, 1],
                "single_person": [[1], [1], [1]],
            }
        },
    )
    return tmp_path / "release.mat"


def test_converts(call, release, tmp_path):
    (tmp_path / "val.txt").write_text("c.jpg 1\na.jpg 2\n")
    done = call(tmp_path, "convert-mpii", release, "-o", "out", "--val", tmp_path / "val.txt")
    assert done.returncode == 0, done.stderr
    found = {
        path.stem: [(p["image"], p["person_index"]) for p in json.loads(path.read_text())]
        for path in (tmp_path / "out").iterdir()
    }
    assert found == {
        "mpii_train": [("a.jpg", 1)],
        "mpii_val": [("c.jpg", 1), ("a.jpg", 2)],
        "mpii_trainval": [("a.jpg", 1), ("a.jpg", 2), ("c.jpg", 1)],
        "mpii_test": [("b.jpg", 1)],
    }
    assert "left out of the train images: 1 without center or scale" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("val"))
    assert row.split() == ["val", "2", "2", "32", "16", "16", "0", "2"]


def test_another_file_than_mpiis_needs_a_list(call, release, tmp_path):
    done = call(tmp_path, "convert-mpii", release, "-o", "out")
    assert done.returncode == 2
    assert "names people who cannot be used (2958)" in done.stderr
    assert "005808361.jpg 1 (not in the annotation file)" in done.stderr
    assert "--val" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["release.mat"]
