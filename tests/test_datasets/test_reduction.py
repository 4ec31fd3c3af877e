"""Say what is said of crops that are made very small."""

import warnings
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from mmpose.structures import PoseDataSample

from mmhg import Predictor
from mmhg.datasets.reduction import note_of_samples, reduction_note


def test_names_the_numbers() -> None:
    note = reduction_note(np.array([[3000.0, 2000.0]]), (256, 256), (64, 64))
    assert note is not None
    assert "3000 x 2000 px of the image become the network's 256 x 256 px, 11.7 times" in note
    assert "heatmap is 47 px of the image" in note
    assert "smaller than 23 px" in note
    wide = reduction_note(np.array([[3000.0, 2000.0]]), (192, 256), (48, 64))
    assert wide is not None
    assert "15.6 times" in wide
    assert "is 62 px" in wide


def test_counts_the_middle_of_several() -> None:
    near, far = [500.0, 500.0], [9000.0, 9000.0]
    assert reduction_note(np.array([near, near, far]), (256, 256)) is None
    assert reduction_note(np.array([near, far, far]), (256, 256)) is not None
    assert reduction_note(np.array([[2048.0, 2048.0]]), (256, 256)) is None


def test_reads_the_samples_of_a_batch() -> None:
    size = dict(input_size=(256, 256), input_scale=np.array([3000.0, 3000.0], np.float32))
    decoder = SimpleNamespace(heatmap_size=(64, 64))
    note = note_of_samples([PoseDataSample(metainfo=size)], decoder)
    assert note is not None
    assert "heatmap is 47 px" in note
    assert note_of_samples([PoseDataSample()], decoder) is None  # of a bottom-up pipeline
    assert note_of_samples([], decoder) is None


def test_inference_says_it_once(tmp_path) -> None:
    predictor = Predictor(device="cpu", flip=False)  # 128 px, padding 1.25
    large, small = np.zeros((1200, 900, 3), np.uint8), np.zeros((300, 300, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "large.png"), large)
    with pytest.warns(UserWarning, match=r"large\.png: 1500 x 1500 px .* 11\.7 times"):
        predictor([small, tmp_path / "large.png"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predictor(tmp_path / "large.png")
