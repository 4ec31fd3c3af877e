"""The number of keypoints of MMPose's own datasets."""

import json
from pathlib import Path

import pytest
from mmpose.datasets import CocoDataset

from mmhg.engine.preflight.keypoints import check_number_of_keypoints
from mmhg.errors import InputError


@pytest.mark.parametrize("count", [17, 4])
@pytest.mark.parametrize("data_mode", ["topdown", "bottomup"])
def test_number_of_keypoints(count: int, data_mode: str, tmp_path: Path) -> None:
    person = dict(id=1, image_id=1, category_id=1, bbox=[1, 2, 30, 40], keypoints=[5, 6, 2] * count)
    image = dict(id=1, file_name="a.jpg", width=64, height=64)
    content = dict(images=[image], annotations=[person], categories=[dict(id=1, name="person")])
    (tmp_path / "a.json").write_text(json.dumps(content))
    dataset = CocoDataset(str(tmp_path / "a.json"), data_mode=data_mode)
    if count == 17:
        check_number_of_keypoints(dataset)
        return
    with pytest.raises(InputError, match=r"a\.json: people have 4 keypoints, .* 'coco' has 17"):
        check_number_of_keypoints(dataset)


def test_other_datasets_are_passed_over() -> None:
    check_number_of_keypoints([1, 2])
