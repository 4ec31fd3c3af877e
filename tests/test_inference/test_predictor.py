"""The predictor gives what MMPose's own inference gives."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from mmpose.apis import MMPoseInferencer, inference_topdown, init_model

from mmhg import Predictor
from mmhg.errors import InputError
from mmhg.inference import person_boxes, predictor
from mmhg.inference.predictor import read_image

from .conftest import SIZES, Trained

CODECS = ["hg8_mpii_256", "hg8_coco_256", "hg2_synthetic_128"]
"""Configs of the authors' codec, of MMPose's with a shifted flip test, of UDP's."""

BOXES = [
    [[10.0, 5.0, 90.0, 100.0], [100.0, 20.5, 170.0, 80.0]],
    [[-20.0, 30.0, 80.0, 190.0]],
    [[0.0, 0.0, 63.0, 63.0], [5.0, 6.0, 20.0, 40.0], [30.0, 1.0, 60.0, 50.0]],
]


def of_mmpose(trained: Trained, photos: list[Path], boxes: list[Any]) -> list[np.ndarray]:
    """Predict keypoints and scores by `inference_topdown`."""
    model = init_model(str(trained.config), str(trained.checkpoint), device="cpu")
    samples = [
        sample.pred_instances
        for photo, people in zip(photos, boxes, strict=True)
        for sample in inference_topdown(model, str(photo), people)
    ]
    fields = ("keypoints", "keypoint_scores")
    return [np.concatenate([sample[field] for sample in samples]) for field in fields]


class Boxes:
    """In the detector's place inside of MMPose's inferencer: finds what it is told to."""

    def __init__(self, boxes: list[list[float]]) -> None:
        scores = torch.linspace(0.9, 0.8, len(boxes))
        labels = torch.zeros(len(boxes), dtype=torch.long)
        self.found = InstanceData(bboxes=torch.tensor(boxes), scores=scores, labels=labels)

    def __call__(self, image: Any, return_datasamples: bool) -> dict[str, Any]:
        return dict(predictions=[SimpleNamespace(pred_instances=self.found)])


@pytest.mark.parametrize("name", CODECS)
def test_keypoints_are_those_of_mmpose(
    name: str, make_network: Callable[[str], Trained], photos: list[Path]
) -> None:
    trained = make_network(name)
    keypoints, scores = Predictor(*trained, device="cpu")(photos, BOXES)
    expected, expected_scores = of_mmpose(trained, photos, [np.array(b) for b in BOXES])
    assert keypoints.shape == (6, *expected.shape[1:])
    np.testing.assert_allclose(keypoints, expected, atol=0.01)
    np.testing.assert_allclose(scores, expected_scores, atol=1e-5)

    inferencer = MMPoseInferencer(
        pose2d=str(trained.config),
        pose2d_weights=str(trained.checkpoint),
        det_model="whole_image",
        device="cpu",
    )
    inferencer.inferencer.detector = Boxes(BOXES[0])
    inferencer.inferencer.det_cat_ids = (0,)
    (people,) = next(inferencer(str(photos[0])))["predictions"]
    of_inferencer = np.array([person["keypoints"] for person in people])
    np.testing.assert_allclose(of_inferencer, keypoints[:2], atol=0.01)


def test_without_boxes_each_image_is_a_person(trained: Trained, photos: list[Path]) -> None:
    prediction = Predictor(*trained, device="cpu")(photos)
    expected, _ = of_mmpose(trained, photos, [None] * 3)
    np.testing.assert_allclose(prediction.keypoints, expected, atol=0.01)
    assert prediction.image_index.tolist() == [0, 1, 2]
    assert prediction.boxes.tolist() == [[0, 0, width, height] for height, width in SIZES]
    assert prediction.heatmaps is None


def test_mmpose_inferencer_without_a_detector_takes_the_whole_image(
    trained: Trained, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmhg.compat.default_detector.find_spec", lambda name: None)
    files = dict(pose2d=str(trained.config), pose2d_weights=str(trained.checkpoint))
    found = next(MMPoseInferencer(**files, device="cpu")(str(photos[0])))["predictions"]
    keypoints, _ = Predictor(*trained, device="cpu")(photos[0])
    np.testing.assert_allclose([found[0][0]["keypoints"]], keypoints, atol=0.01)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_batches_do_not_matter(trained: Trained, photos: list[Path], batch_size: int) -> None:
    boxes = [BOXES[0], None, []]
    whole = Predictor(*trained, device="cpu")(photos, boxes)
    parts = Predictor(*trained, device="cpu", batch_size=batch_size)(photos, boxes)
    assert whole.image_index.tolist() == parts.image_index.tolist() == [0, 0, 1]
    assert parts.boxes.tolist() == [*BOXES[0], [0, 0, 90, 200]]
    np.testing.assert_allclose(parts.keypoints, whole.keypoints, atol=0.01)


def test_one_image_as_a_file_or_an_array(trained: Trained, photos: list[Path]) -> None:
    network = Predictor(*trained, device="cpu")
    by_path = network(photos[0], BOXES[0])
    by_array = network(cv2.imread(str(photos[0])), BOXES[0])
    assert (by_path.keypoints == by_array.keypoints).all()
    assert len(by_path.keypoints) == 2


def test_no_people(trained: Trained, photos: list[Path]) -> None:
    network = Predictor(*trained, device="cpu")
    for prediction in (network([]), network(photos, [[], [], []])):
        keypoints, scores = prediction
        assert (keypoints.shape, scores.shape) == ((0, 16, 2), (0, 16))


@pytest.mark.parametrize("flip", [False, True])
def test_heatmaps_of_every_stack(trained: Trained, photos: list[Path], flip: bool) -> None:
    network = Predictor(*trained, device="cpu", flip=flip, batch_size=2)
    boxes = [np.array(b) for b in BOXES]
    prediction = network(photos, boxes, heatmaps=True)
    assert prediction.heatmaps is not None
    assert prediction.heatmaps.shape == (6, 2, 16, 32, 32)

    model = init_model(str(trained.config), str(trained.checkpoint), device="cpu")
    model.test_cfg.update(flip_test=flip, output_heatmaps=True)
    (first, *_) = inference_topdown(model, str(photos[0]), boxes[0])
    last = first.pred_fields.heatmaps.numpy()
    np.testing.assert_allclose(prediction.heatmaps[0, 1], last, atol=1e-6)
    np.testing.assert_allclose(prediction.keypoints[:1], first.pred_instances.keypoints, atol=0.01)

    # The first stack alone is a network of its own.
    model.head.forward = lambda features: [features[0]]
    (first, *_) = inference_topdown(model, str(photos[0]), boxes[0])
    last = first.pred_fields.heatmaps.numpy()
    np.testing.assert_allclose(prediction.heatmaps[0, 0], last, atol=1e-6)


def test_flip(trained: Trained, photos: list[Path]) -> None:
    scores = {
        flip: Predictor(*trained, device="cpu", flip=flip)(photos).scores
        for flip in (None, True, False)
    }
    assert (scores[None] == scores[True]).all()
    assert not np.allclose(scores[None], scores[False], atol=1e-4)


def test_half(trained: Trained, photos: list[Path]) -> None:
    exact = Predictor(*trained, device="cpu")(photos).scores
    half = Predictor(*trained, device="cpu", half=True)(photos).scores
    assert not (half == exact).all()
    np.testing.assert_allclose(half, exact, atol=0.02 * np.ptp(exact))


def test_a_compiled_network_meets_one_batch_size(
    trained: Trained, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, sizes = [], []

    def enable(model: torch.nn.Module, **settings: Any) -> bool:
        asked.append(settings["compile"])
        model.backbone.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
        return True

    plain = Predictor(*trained, device="cpu", batch_size=4)(photos, BOXES)
    monkeypatch.setattr(predictor, "enable_fast_inference", enable)
    filled = Predictor(*trained, device="cpu", batch_size=4, compile=True)(photos, BOXES)
    assert asked == [True]
    assert set(sizes) == {4}
    np.testing.assert_allclose(filled.keypoints, plain.keypoints, atol=0.01)


def test_boxes_count_where_people_fill_their_images(
    make_network: Callable[[str], Trained], photos: list[Path]
) -> None:
    network = Predictor(*make_network("hg8_lsp_256"), device="cpu")
    whole = network(photos[0]).keypoints
    boxed = network(photos[0], [[10, 5, 90, 100]]).keypoints
    nearly_whole = network(photos[0], [[-0.5, -0.5, 159.5, 119.5]]).keypoints
    np.testing.assert_allclose(nearly_whole, whole, atol=1e-3)
    assert np.abs(boxed - whole).max() > 10


def test_center_and_scale_are_those_of_mpii() -> None:
    boxes = person_boxes([[300, 200], [10.5, 20]], [1.5, 0.1])
    assert boxes.tolist() == [[150, 72.5, 450, 372.5], [0.5, 11.5, 20.5, 31.5]]


def test_the_config_is_left_alone(trained: Trained) -> None:
    config = Config.fromfile(trained.config)
    before = config.pretty_text
    Predictor(config, trained.checkpoint, device="cpu", flip=False)
    assert config.pretty_text == before


@pytest.mark.parametrize(
    ("images", "boxes", "message"),
    [
        ("nosuch.jpg", None, "cannot read image nosuch.jpg"),
        (np.zeros((4, 4, 4), np.uint8), None, "image 0 has 4 channels, but pictures of 3"),
        (np.zeros((4, 4, 3)), None, "image 0 has values of the type float64"),
        (np.zeros(4, np.uint8), None, r"must be \(height, width, 3\) uint8"),
        (np.zeros((9, 9, 3), np.uint8), [[0, 9, 5, 20]], "lies outside of the image, 9 x 9 px"),
        (np.zeros((9, 9, 3), np.uint8), [[5, 5, 5, 8]], "has no area"),
        (np.zeros((9, 9, 3), np.uint8), [[1, 2, 3]], "left, top, right, bottom"),
        ([np.zeros((9, 9, 3), np.uint8)], [], "there are 1 images, but boxes for 0"),
    ],
)
def test_bad_input(trained: Trained, images: Any, boxes: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Predictor(*trained, device="cpu")(images, boxes)


def test_images_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "nosuch.jpg", "No such file or directory"),
        (tmp_path, "it is a folder"),
    ):
        with pytest.raises(InputError) as raised:
            read_image(path)
        assert str(raised.value) == f"cannot read image {path} ({reason}). Check its path"


def test_an_image_wider_than_opencv_takes_gives_the_keypoints_of_a_smaller_one(
    trained: Trained, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    part = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (120, 90))
    wide = np.zeros((90, 40_000, 3), np.uint8)
    wide[:, 33_000:33_120] = part
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    predictor = Predictor(*trained, device="cpu")
    expected, scores = predictor(part, [[20, 10, 90, 80]])
    found, others = predictor(tmp_path / "wide.png", [[33_020, 10, 33_090, 80]])
    np.testing.assert_allclose(found - [33_000, 0], expected, atol=0.02)
    np.testing.assert_allclose(others, scores, atol=1e-3)
    assert np.isfinite(predictor(tmp_path / "wide.png").keypoints).all()


def test_the_configs_limit_of_pixels(trained: Trained, photos: list[Path]) -> None:
    config = Config.fromfile(trained.config)
    config.test_dataloader.dataset.pipeline[0].max_pixels = 160 * 120 - 1
    with pytest.raises(
        InputError, match=r"a\.png is too large: 160 x 120 px, and the limit is 19,1"
    ):
        Predictor(config, trained.checkpoint, device="cpu")(photos[0])


def test_bad_networks(
    trained: Trained, make_network: Callable[[str], Trained], tmp_path: Path
) -> None:
    other = make_network("hg8_coco_256")
    with pytest.raises(InputError, match="is of another network than the config's"):
        Predictor(trained.config, other.checkpoint)
    with pytest.raises(InputError, match="device 'cuda:7' cannot be used"):
        Predictor(*trained, device="cuda:7")
    with pytest.raises(InputError, match="batch_size must be at least 1, got 0"):
        Predictor(*trained, batch_size=0)
