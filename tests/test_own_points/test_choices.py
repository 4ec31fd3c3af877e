"""Network, input and length."""

import numpy as np
import pytest

from mmhg.own_points.choices import choose, input_size, sees_whole_images

BOXES = np.full((3, 2), 130.0)


@pytest.mark.parametrize(
    ("train", "backbone", "start", "batch_size", "epochs", "val_interval"),
    [
        (93, dict(num_stacks=2, channels=128, stem_channels=(16, 32, 64)), True, 8, 100, 10),
        (5, dict(num_stacks=2, channels=128, stem_channels=(16, 32, 64)), True, 8, 800, 80),
        (1999, dict(num_stacks=2, channels=128, stem_channels=(16, 32, 64)), True, 16, 45, 5),
        (2000, dict(num_stacks=2), False, 16, 45, 5),
        (20_000, dict(num_stacks=8), False, 16, 14, 2),
        (10**6, dict(num_stacks=8), False, 16, 2, 1),
    ],
)
def test_by_the_number_of_objects(train, backbone, start, batch_size, epochs, val_interval) -> None:
    found = choose(BOXES, train=train, rotation=30, two_looks=False)
    assert found.backbone == backbone
    assert found.start == ("hg2_lspet_128" if start else None)
    assert (found.batch_size, found.epochs, found.val_interval) == (
        batch_size,
        epochs,
        val_interval,
    )


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (100, 100, (128, 128)),
        (130, 130, (192, 192)),
        (999, 999, (256, 256)),
        (75, 100, (96, 128)),
        (130, 100, (192, 144)),
        (60, 120, (96, 192)),
        (1000, 100, (256, 128)),
    ],
)
def test_input(width: float, height: float, expected: tuple[int, int]) -> None:
    boxes = np.array([(width, height)] * 3 + [(5000, 5)], dtype=float)
    assert input_size(boxes, square=False) == expected
    assert input_size(boxes, square=True) == (max(expected),) * 2
    assert all(side % 4 == 0 and side >= 64 for side in expected)


def test_what_turns_is_seen_in_a_square() -> None:
    boxes = np.array([(75.0, 100.0)] * 3)
    for settings, expected in {(30, False): 96, (180, False): 128, (30, True): 128}.items():
        rotation, two_looks = settings
        found = choose(boxes, train=99, rotation=rotation, two_looks=two_looks)
        assert found.input_size == (expected, 128)


def test_whole_images() -> None:
    assert sees_whole_images([1, 1, 0], 0)
    assert not sees_whole_images([1, 1], 1)
    assert not sees_whole_images([1, 2], 0)
