"""The submission file: what is refused, and that the truth comes back through it."""

import subprocess
import sys

import h5py
import numpy as np
import pytest

from mmhg.datasets.formats.mpii_mat import Joint, Person, ReleaseImage, read_annolist
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


def person(index, *, center=True, single=True, joints=None, head_box=None):
    place = next(CENTERS, (7.0, 7.0)) if center else None
    return Person(index, place, 2.0 if center else None, head_box, joints or {}, single)


IMAGES = [
    ReleaseImage(1, "a.jpg", True, (person(1),), None),
    ReleaseImage(2, "b.jpg", False, (person(1), person(2, center=False, single=False)), None),
    ReleaseImage(3, "c.jpg", False, (), None),
    ReleaseImage(4, "d.jpg", False, (person(1, single=False), person(2), person(3)), None),
]
KEYS = [(2, 1), (4, 1), (4, 2), (4, 3)]


def made_predictions():
    centers = np.array([who.center for _, who in people_to_predict(IMAGES)])
    return centers[:, None] + RNG.normal(0, 20, (4, 16, 2))


def test_people_of_the_test_images_with_centre_and_scale():
    assert [key for key, _ in people_to_predict(IMAGES)] == KEYS


def test_written_file_has_every_test_image_and_only_its_predictions(tmp_path):
    predictions = made_predictions()
    path = tmp_path / "pred_keypoints_mpii.mat"
    write_submission(path, IMAGES, assign(predictions, IMAGES, "p.h5"))
    images = read_annolist(path, "pred")
    assert [image.name for image in images] == ["b.jpg", "c.jpg", "d.jpg"]
    assert [len(image.people) for image in images] == [2, 0, 3]
    assert images[0].people[1].joints == {}  # keeps its place, without a prediction
    assert list(images[2].people[1].joints) == list(range(16))
    joint = images[2].people[1].joints[15]
    assert (joint.x, joint.y) == tuple(predictions[2, 15])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p[:3], "have 3 people, but the test images have 4"),
        (lambda p: np.zeros((2958, 16, 2)), "2958 people.*validation split"),
        (lambda p: p[::-1], "correlation of .* with the people's centres"),
        (lambda p: p[..., ::-1], "swapped x and y"),
    ],
)
def test_what_the_server_would_refuse(change, message):
    with pytest.raises(InputError, match=message):
        assign(change(made_predictions()), IMAGES, "p.h5")


def test_a_scored_person_without_prediction():
    images = [
        *IMAGES, ReleaseImage(5, "e.jpg", False, (person(1, center=False),), None)
    ]  # fmt: skip
    with pytest.raises(InputError, match=r"1 people that the server scores.*\(5, 1\)"):
        assign(made_predictions(), images, "p.h5")


def test_truth_covers_the_people_that_are_scored():
    joints = {3: Joint(5.0, 6.0, False), 9: Joint(7.0, 8.0, None)}
    filled = [
        ReleaseImage(
            number, image.name, False,
            tuple(
                person(who.index, joints=joints, head_box=(0.0, 0.0, 30.0, 40.0))
                for who in image.people
            ),
            None,
        )
        for number, image in enumerate(IMAGES[1:], start=1)
    ]  # fmt: skip
    truth, keys = scored_truth(IMAGES, filled, "t.mat")
    assert keys == [(2, 1), (4, 2), (4, 3)]
    assert truth.head_sizes.tolist() == [30.0] * 3
    assert np.flatnonzero(truth.annotated[0]).tolist() == [3, 9]
    assert truth.joints[0, 3].tolist() == [5.0, 6.0]
    assert truth.visible[0, 3] == 0
    assert np.isnan(truth.visible[0, 9])
    with pytest.raises(InputError, match=r"t\.mat has 2 images"):
        scored_truth(IMAGES, filled[1:], "t.mat")


def test_the_loop_closes_on_the_figures(tmp_path):
    """The truth of rendered test people, as predictions, through the tool and its own scoring."""
    figures = tmp_path / "figures"
    render_dataset(figures, Request(level=1, train=1, val=1, test=6), workers=1)
    truth = read_annolist(figures / "test_truth.mat")
    people = [who for image in truth for who in image.people]
    assert all(len(who.joints) == 16 for who in people)
    joints = np.array(
        [
            [
                (who.joints[k].x, who.joints[k].y) if k in who.joints else who.center
                for k in range(16)
            ]
            for who in people
        ]
    )
    joints[:, 10] += 500  # every right wrist wrong
    with h5py.File(tmp_path / "p.h5", "w") as file:
        file["preds"] = joints
    out = tmp_path / "pred_keypoints_mpii.mat"
    arguments = [tmp_path / "p.h5", figures / "mpii_synthetic_v1.mat", "-o", out]
    done = subprocess.run(
        [*COMMAND, *arguments, "--truth", figures / "test_truth.mat"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    scores = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line}
    assert scores["Wrist"] == ["50.00"]
    assert scores["Knee"] == ["100.00"]
    assert f"{len(people)} are scored" in done.stdout

    (tmp_path / "short.h5").write_bytes(b"")
    arguments[0] = tmp_path / "short.h5"
    arguments[3] = tmp_path / "other.mat"
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert "short.h5 cannot be read" in done.stderr
    assert not arguments[3].exists()
