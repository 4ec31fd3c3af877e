"""The submission file: what is refused, and that the truth comes back through it."""

import subprocess
import sys
from dataclasses import replace

import h5py
import numpy as np
import pytest

from mmhg.datasets.formats.mpii_mat import ReleaseImage, read_annolist
from mmhg.datasets.people import AnnotatedPerson
from mmhg.errors import InputError
from mmhg.results.mpii_submission import (
    assign,
    people_to_predict,
    scored_truth,
    write_submission,
)
from mmhg.synthetic import Request, render_dataset

COMMAND = [sys.executable, "-m", "mmhg_cli", "submit", "mpii"]
RNG = np.random.default_rng(0)
CENTERS = iter([(1.0, 1.0), (100.0, 900.0), (300.0, 100.0), (500.0, 600.0), (900.0, 400.0)])


def person(index, *, center=True, single=True):
    place = np.array(next(CENTERS, (7.0, 7.0))) if center else None
    return AnnotatedPerson(
        image="",
        keypoints=np.full((16, 2), np.nan),
        annotated=np.zeros(16, bool),
        visible=np.full(16, np.nan),
        center=place,
        scale=2.0 if center else np.nan,
        person_index=index,
        single_person=single,
    )


def image(index, name, is_train, *people):
    people = [replace(who, image=name, annolist_index=index) for who in people]
    return ReleaseImage(index, name, is_train, tuple(people))


IMAGES = [
    image(1, "a.jpg", True, person(1)),
    image(2, "b.jpg", False, person(1), person(2, center=False, single=False)),
    image(3, "c.jpg", False),
    image(4, "d.jpg", False, person(1, single=False), person(2), person(3)),
]
KEYS = [(2, 1), (4, 1), (4, 2), (4, 3)]


def made_predictions():
    centers = np.array([who.center for who in people_to_predict(IMAGES)])
    return centers[:, None] + RNG.normal(0, 20, (4, 16, 2))


def test_people_of_the_test_images_with_center_and_scale():
    assert [who.key for who in people_to_predict(IMAGES)] == KEYS


def test_written_file_has_every_test_image_and_only_its_predictions(tmp_path):
    predictions = made_predictions()
    path = tmp_path / "pred_keypoints_mpii.mat"
    write_submission(path, IMAGES, assign(predictions, IMAGES, "p.h5"))
    images = read_annolist(path, "pred")
    assert [each.name for each in images] == ["b.jpg", "c.jpg", "d.jpg"]
    assert [len(each.people) for each in images] == [2, 0, 3]
    assert not images[0].people[1].annotated.any()  # keeps its place, without a prediction
    assert images[2].people[1].keypoints.tolist() == predictions[2].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[:3], r"have 3 people, but the list of test people .* has 4"),
        (lambda p: np.zeros((2958, 16, 2)), "2958 people.*validation split"),
        (lambda p: p[::-1], "correlation of .* with the people's centers"),
        (lambda p: p[..., ::-1], "x and y are swapped"),
    ],
)
def test_what_the_server_would_refuse(change, message):
    with pytest.raises(InputError, match=message):
        assign(change(made_predictions()), IMAGES, "p.h5")


def test_a_scored_person_without_prediction():
    images = [*IMAGES, image(5, "e.jpg", False, person(1, center=False))]
    with pytest.raises(InputError, match=r"1 people that the server scores.*\(5, 1\)"):
        assign(made_predictions(), images, "p.h5")


def test_truth_covers_the_people_that_are_scored():
    keypoints, visible = np.full((16, 2), np.nan), np.full(16, np.nan)
    keypoints[[3, 9]], visible[3] = [(5, 6), (7, 8)], 0
    known = {
        "keypoints": keypoints,
        "annotated": np.isfinite(keypoints[:, 0]),
        "visible": visible,
        "head_box": np.array([0.0, 0.0, 30.0, 40.0]),
    }
    filled = [
        image(number, each.name, False, *(replace(who, **known) for who in each.people))
        for number, each in enumerate(IMAGES[1:], start=1)
    ]
    truth, keys = scored_truth(IMAGES, filled, "t.mat")
    assert keys == [(2, 1), (4, 2), (4, 3)]
    assert truth.head_sizes.tolist() == [30.0] * 3
    assert np.flatnonzero(truth.annotated[0]).tolist() == [3, 9]
    assert truth.joints[0, 3].tolist() == [5.0, 6.0]
    assert truth.visible[0, 3] == 0
    assert np.isnan(truth.visible[0, 9])
    with pytest.raises(InputError, match=r"t\.mat has 2 images"):
        scored_truth(IMAGES, filled[1:], "t.mat")


def test_the_loop_closes_on_synthetic_people(tmp_path):
    """Submit the truth of rendered test people, and score the file that was written."""
    figures = tmp_path / "figures"
    render_dataset(figures, Request(level=1, train=1, val=1, test=6), workers=1)
    truth = read_annolist(figures / "test_truth.mat")
    people = [who for each in truth for who in each.people]
    assert all(who.annotated.all() for who in people)
    joints = np.array([who.keypoints for who in people])
    joints[:, 10] += 500  # every right wrist wrong
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["preds"] = joints
    out = tmp_path / "pred_keypoints_mpii.mat"
    arguments = [tmp_path / "p.h5", figures / "mpii_synthetic_v1.mat", "-o", out]
    done = subprocess.run(
        [*COMMAND, *arguments, "--gt", figures / "test_truth.mat"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = {
        line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.split()
    }
    assert scores["Wrist"] == ["50.00"]
    assert scores["Knee"] == ["100.00"]
    assert f"{len(people)} are scored" in done.stdout

    (tmp_path / "short.h5").write_bytes(b"")
    arguments[0] = tmp_path / "short.h5"
    arguments[3] = tmp_path / "other.mat"
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert "short.h5 is not an HDF5 file" in done.stderr
    assert not arguments[3].exists()
