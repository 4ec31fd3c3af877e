"""Which items of an annotation file validate."""

import pytest

from mmhg.datasets.hold_out import held_out
from mmhg.errors import InputError

IMAGES = ["a.jpg", "b.jpg", "b.jpg", "c.jpg", "d.jpg"]


@pytest.mark.parametrize(
    ("hold_out", "validating"),
    [
        (2, [True, False, True, False, True]),
        (4, [True, False, False, False, True]),
        (9, [True, False, False, False, False]),
        (["b.jpg"], [False, True, True, False, False]),
        (("d.jpg", "a.jpg"), [True, False, False, False, True]),
    ],
)
def test_every_nth_or_by_name(hold_out, validating):
    assert held_out(IMAGES, hold_out, "people.json") == validating


@pytest.mark.parametrize(
    ("hold_out", "message"),
    [
        (1, "hold_out must be at least 2 .*, got 1"),
        (-3, "hold_out must be at least 2 .*, got -3"),
        (True, "a whole number .* or a list of .*, got True"),
        (0.1, "a whole number .* or a list of .*, got 0.1"),
        ("b.jpg", "a whole number .* or a list of .*, got 'b.jpg'"),
        ([], r"a whole number .* or a list of .*, got \[\]"),
        (["B.jpg", "x.jpg"], "names 2 images that people.json does not have, the first is 'B.jpg'"),
        ([3], "names 1 images that people.json does not have, the first is '3'"),
        (["a.jpg", "b.jpg", "c.jpg", "d.jpg"], "takes all of people.json: nothing is left"),
    ],
)
def test_refuses_what_splits_nothing(hold_out, message):
    with pytest.raises(InputError, match=message):
        held_out(IMAGES, hold_out, "people.json")
