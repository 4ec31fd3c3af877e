"""Names tell splits."""

import pytest

from mmhg.labels.splits import split_of


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("person_keypoints_train2017", "train"),
        ("Validation", "val"),
        ("valid", "val"),
        ("image_info_test-dev2017", "test"),
        ("trainval", None),
        ("train_and_val", None),
        ("constraint", None),
        ("", None),
    ],
)
def test_split_of(name: str, split: str | None) -> None:
    assert split_of(name) == split
