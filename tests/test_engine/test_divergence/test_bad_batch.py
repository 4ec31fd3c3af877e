"""A batch on the disk, for a look at it."""

import json
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from mmhg.engine.divergence.bad_batch import save_batch


def test_inputs_targets_and_names(tmp_path: Path) -> None:
    inputs = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)
    heatmaps = torch.ones(2, 1, 2, 2)
    heatmaps[1, 0, 0, 0] = torch.nan
    samples = [
        PoseDataSample(
            metainfo=dict(img_path=f"{number}.jpg", id=number, input_center=np.array([1.5, 2])),
            gt_fields=PixelData(heatmaps=heatmaps[number]),
            gt_instance_labels=InstanceData(keypoint_weights=torch.ones(1, 1)),
        )
        for number in range(2)
    ]
    batch = dict(inputs=inputs, data_samples=samples)
    save_batch(tmp_path / "a/b", batch, dict(iteration=7))

    about = json.loads((tmp_path / "a/b/batch.json").read_text())
    assert about["iteration"] == 7
    first, second = about["samples"]
    assert first == dict(not_finite=[], img_path="0.jpg", id=0, input_center=[1.5, 2.0])
    assert second["not_finite"] == ["heatmaps"]
    with np.load(tmp_path / "a/b/arrays.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["1/inputs"], inputs[1])
        np.testing.assert_array_equal(arrays["1/heatmaps"], heatmaps[1])
        assert len(arrays.files) == 6
    picture = cv2.imread(str(tmp_path / "a/b/images.png"))
    np.testing.assert_array_equal(picture[:, 5:], inputs[1].permute(1, 2, 0))


def test_a_batch_of_another_form_leaves_the_rest(tmp_path: Path) -> None:
    save_batch(tmp_path, [torch.zeros(2)], dict(iteration=1))
    assert json.loads((tmp_path / "batch.json").read_text()) == dict(iteration=1, samples=[])
