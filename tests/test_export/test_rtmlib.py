"""`rtmlib.onnx`, run as rtmlib runs it: its normalization, its maxima, its way back."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pytest
import torch

from mmhg.errors import InputError
from mmhg.export import export
from mmhg.export.description import describe
from mmhg.export.graph import HeatmapNetwork, KeypointNetwork
from mmhg.export.predict import Predictor, crop_person, normalize, read_image
from mmhg.export.rtmlib import RtmlibNetwork
from mmhg.models.loading import load_model
from mmhg_cli import main

MEAN, STD = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])


def as_rtmlib(crop: np.ndarray) -> np.ndarray:
    return ((crop - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)


def decoded(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return keypoints (K, 2), px of the network's input, and scores (K,)."""
    assert np.array_equal(x.max(2), y.max(2))
    return np.stack([x.argmax(2), y.argmax(2)], axis=2)[0] / 2, x.max(2)[0]


@pytest.mark.parametrize("name", ["hg8_mpii_256", "hg8_coco_256x192"])
def test_half_pixels_lose_nothing(name, make, photos, boxes):
    """Of both codecs, and of an input that is not square."""
    config, checkpoint = make(name)
    model = load_model(config, checkpoint)
    description = describe(config, model)
    network = KeypointNetwork(HeatmapNetwork(model), description["codec"])
    crop, *_ = crop_person(read_image(photos[0]), np.float64(boxes[0]), description)
    with torch.no_grad():
        image = torch.from_numpy(normalize(crop, description["input"])[None])
        wanted, wanted_scores, _ = (output[0].numpy() for output in network(image))
        rows = RtmlibNetwork(network, description)(torch.from_numpy(as_rtmlib(crop)))
    keypoints, scores = decoded(*(row.numpy() for row in rows))
    positive = wanted_scores > 0
    assert positive.any()
    np.testing.assert_array_equal(keypoints[positive], wanted[positive])
    np.testing.assert_allclose(scores, np.maximum(wanted_scores, 0), atol=1e-5)


def test_udp_moves_by_a_quarter_pixel_at_most(make, photos, boxes):
    """And keypoints are those of rtmlib's crop, whose last pixel is not the box's corner."""
    config, checkpoint = make("hg8_mpii_256_udp")
    model = load_model(config, checkpoint)
    description = describe(config, model)
    network = KeypointNetwork(HeatmapNetwork(model), description["codec"])
    crop, *_ = crop_person(read_image(photos[0]), np.float64(boxes[0]), description)
    with torch.no_grad():
        image = torch.from_numpy(normalize(crop, description["input"])[None])
        wanted = network(image)[0][0].numpy() * 255 / 256
        rows = RtmlibNetwork(network, description)(torch.from_numpy(as_rtmlib(crop)))
    keypoints, scores = decoded(*(row.numpy() for row in rows))
    assert (scores > 0).any()
    inside = (scores > 0) & ((wanted >= 0) & (wanted <= 255)).all(axis=1)
    assert np.abs(keypoints - wanted)[inside].max() <= 0.25 + 1e-3
    assert np.abs(keypoints - wanted)[inside].max() > 0.01


def test_file_gives_what_predict_gives(make, photos, boxes, tmp_path):
    export(*make("hg8_mpii_256", num_stacks=1), tmp_path / "out", fuse=True, rtmlib=True)
    predictor = Predictor(tmp_path / "out", flip_test=False)
    session = onnxruntime.InferenceSession(tmp_path / "out/rtmlib.onnx")
    for photo, box in zip(photos, boxes, strict=True):
        image = read_image(photo)
        crop, center, size = crop_person(image, np.float64(box), predictor.description)
        (name,) = (one.name for one in session.get_inputs())
        keypoints, scores = decoded(*session.run(None, {name: as_rtmlib(crop)}))
        wanted, wanted_scores = predictor([image], [[box]])
        found = keypoints / predictor.description["input"]["size"] * size + center - size / 2
        positive = wanted_scores[0] > 0
        assert positive.any()
        np.testing.assert_allclose(scores[positive], wanted_scores[0, positive], atol=1e-5)
        np.testing.assert_allclose(found[positive], wanted[0, positive], atol=1e-3)


def test_gray_networks_see_what_opencv_makes_gray(photos):
    """And pictures that rtmlib does not know are refused."""

    class Mean(torch.nn.Module):
        def forward(self, images):
            score = images.mean(dim=(1, 2, 3)).view(1, 1)
            return torch.zeros(1, 1, 2), score, score

    image = read_image(photos[0])
    settings = dict(size=[160, 120], channels="gray", mean=[10.0], std=[2.0])
    network = RtmlibNetwork(Mean(), dict(input=settings, crop=dict(alignment="first pixel")))
    _, scores = decoded(*(row.numpy() for row in network(torch.from_numpy(as_rtmlib(image)))))
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    assert scores[0] == pytest.approx((gray.mean() - 10) / 2, abs=0.1)
    again = network.as_rtmlib((torch.from_numpy(gray).float()[None, None] - 10) / 2)
    _, scores = decoded(*(row.numpy() for row in network(again)))
    assert scores[0] == pytest.approx((gray.mean() - 10) / 2, abs=1e-3)
    for other in (dict(channels="stored"), dict(value_range=[0, 4095])):
        with pytest.raises(InputError, match="rtmlib knows no others"):
            RtmlibNetwork(Mean(), dict(input=settings | other))


@pytest.mark.skipif(not find_spec("rtmlib"), reason="needs rtmlib")
def test_in_rtmlib_itself(make, photos, boxes, tmp_path, capsys):
    from rtmlib import RTMPose

    config, checkpoint = make("hg8_coco_256x192", num_stacks=1)
    config.dump(tmp_path / "config.py")
    arguments = [str(tmp_path / "config.py"), str(checkpoint), "-o", str(tmp_path / "out")]
    assert main(["export", *arguments, "--rtmlib"]) == 0
    said = 'RTMPose("{}/rtmlib.onnx", model_input_size=(192, 256))'.format(tmp_path / "out")
    assert said in capsys.readouterr().out
    network = RTMPose(str(tmp_path / "out/rtmlib.onnx"), model_input_size=(192, 256))
    image = read_image(photos[0])
    keypoints, _ = network(image, bboxes=boxes)
    wanted, wanted_scores = Predictor(tmp_path / "out", flip_test=False)([image], [boxes])
    near = np.linalg.norm(keypoints - wanted, axis=2)[wanted_scores > 0] < 1
    assert near.mean() > 0.9


def test_refuses_what_it_cannot_write(make, tmp_path):
    with pytest.raises(InputError, match="--rtmlib is for the format onnx, got openvino"):
        export(*make("hg8_mpii_256"), tmp_path / "out", format="openvino", rtmlib=True)


@pytest.mark.parametrize("padding", [1.25, 1.0])
def test_says_if_boxes_are_enlarged_by_another_factor(padding, monkeypatch):
    from mmhg.export import predict
    from mmhg_cli.commands.export import rtmlib_call

    description = dict(input=dict(size=[128, 96]), crop=dict(padding=padding))
    monkeypatch.setattr(predict, "read_description", lambda folder: description)
    text = rtmlib_call(Path("out"))
    assert text.startswith('rtmlib.RTMPose("out/rtmlib.onnx", model_input_size=(128, 96))')
    assert ("by 0.8 first" in text) == (padding == 1.0)
