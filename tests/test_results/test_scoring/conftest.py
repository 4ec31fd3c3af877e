"""A made ground truth in COCO's format, of faces, and its predictions."""

import json

import numpy as np
import pytest

from test_results.test_scoring.faces import NAMES, POINTS


@pytest.fixture
def faces(tmp_path):
    """Write six faces on four images; two images have two, one image of five has none."""
    annotations = [
        dict(
            id=10 + number,
            image_id=1 + number % 4,
            category_id=1,
            iscrowd=0,
            bbox=[0, 0, 200, 50],
            area=10000.0,
            num_keypoints=3,
            keypoints=np.column_stack([points, [2, 2, 1]]).ravel().tolist(),
        )
        for number, points in enumerate(POINTS)
    ]
    content = dict(
        images=[
            dict(id=k, file_name=f"day{k % 2}/{k}.jpg", width=200, height=200) for k in range(1, 6)
        ],
        annotations=annotations,
        categories=[dict(id=1, name="face", keypoints=NAMES)],
    )
    (tmp_path / "truth.json").write_text(json.dumps(content))
    return tmp_path
