"""Heatmaps of several crop sizes meet in one frame."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch.nn import functional

from mmhg.config.with_test_scales import with_test_scales
from mmhg.errors import InputError
from mmhg.models.multi_scale import MultiScaleTopdownPoseEstimator, resample

SIZE, PIXELS = 64, 16
MSRA = dict(type="MSRAHeatmap", input_size=(SIZE, SIZE), heatmap_size=(PIXELS, PIXELS), sigma=1)
BLOBS = np.array([[100.0, 80.0], [118.0, 66.0], [85.0, 104.0]])
"""x, y px of a blue, a green and a red blob."""


@MODELS.register_module(force=True)
class SeesColors(torch.nn.Module):
    """Heatmaps that are the image's channels, sampled where the codec puts its pixels."""

    def __init__(self, codec: str) -> None:
        super().__init__()
        self.codec = codec

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor]:
        if self.codec == "UDPHeatmap":
            return (functional.interpolate(images, PIXELS, mode="bilinear", align_corners=True),)
        if self.codec == "HourglassHeatmap":
            return (functional.avg_pool2d(images, 4),)
        return (images[:, :, ::4, ::4],)


@pytest.fixture(autouse=True)
def mmpose_scope() -> None:
    init_default_scope("mmpose")


@pytest.fixture
def image(tmp_path):
    y, x = np.mgrid[:160, :200]
    channels = [np.exp(-((x - bx) ** 2 + (y - by) ** 2) / (2 * 5.0**2)) for bx, by in BLOBS]
    path = tmp_path / "blobs.png"
    cv2.imwrite(str(path), (255 * np.stack(channels, axis=2)).round().astype(np.uint8))
    return path


def settings(codec_type: str) -> dict:
    codec = dict(MSRA, type=codec_type)
    crop = dict(type="TopdownAffine", use_udp=codec_type == "UDPHeatmap")
    if codec_type == "HourglassHeatmap":
        crop = dict(type="HourglassCrop")
    return dict(
        model=dict(
            type="TopdownPoseEstimator",
            data_preprocessor=dict(type="PoseDataPreprocessor", mean=[0] * 3, std=[255] * 3),
            backbone=dict(type="SeesColors", codec=codec_type),
            head=dict(
                type="MultiStageHeatmapHead",
                in_channels=3,
                out_channels=3,
                num_stages=1,
                decoder=codec,
            ),
        ),
        test_dataloader=dict(
            dataset=dict(
                pipeline=[
                    dict(type="LoadWholeImage"),
                    dict(type="GetBBoxCenterScale"),
                    dict(crop, input_size=(SIZE, SIZE)),
                    dict(type="PackPoseInputs"),
                ]
            )
        ),
    )


def predict(base: dict, factors: tuple[float, ...], path, **test_cfg):
    model, loader = with_test_scales(base, factors)
    model["test_cfg"] = dict(model["test_cfg"], **test_cfg)
    model = MODELS.build(model).eval()
    pipeline = Compose(loader["dataset"]["pipeline"])
    person = dict(
        img_path=str(path),
        bbox=np.array([[70.0, 52.0, 134.0, 116.0]], dtype=np.float32),
        bbox_score=np.ones(1, dtype=np.float32),
        keypoints=np.zeros((1, 3, 2), dtype=np.float32),
        keypoints_visible=np.ones((1, 3), dtype=np.float32),
        id=0,
    )
    with torch.no_grad():
        return model.test_step(pseudo_collate([pipeline(person.copy()) for _ in range(2)]))


@pytest.mark.parametrize("codec", ["HourglassHeatmap", "MSRAHeatmap", "UDPHeatmap"])
@pytest.mark.parametrize("scales", [(1.0,), (0.8, 1.0, 1.25), (1.3, 1.1)])
def test_blobs_are_found_at_all_scales(image, codec, scales) -> None:
    first, second = predict(settings(codec), scales, image)
    assert first.metainfo["test_scales"] == scales
    assert "pred_fields" not in first
    found = first.pred_instances.keypoints[0]
    # A quarter of a heatmap pixel (5 to 6.5 image pixels) is what the decoding is good for.
    np.testing.assert_allclose(found, BLOBS, atol=1.7)
    np.testing.assert_array_equal(second.pred_instances.keypoints[0], found)


def test_heatmaps_are_averaged_where_crops_overlap(image) -> None:
    """Against each scale's own heatmaps, resampled one by one."""
    alone = [
        predict(settings("UDPHeatmap"), (scale,), image, output_heatmaps=True)[0]
        for scale in (1.0, 0.5)
    ]
    both = predict(settings("UDPHeatmap"), (1.0, 0.5), image, output_heatmaps=True)[0]
    whole, half = (sample.pred_fields.heatmaps for sample in alone)
    laid_over = resample(half[None], 2.0, ((PIXELS - 1) / 2,) * 2)[0]
    inside = slice(5, 11)  # the smaller crop reaches from pixel 3.75 to 11.25
    merged = both.pred_fields.heatmaps
    expected = (whole + laid_over) / 2
    torch.testing.assert_close(merged[:, inside, inside], expected[:, inside, inside])
    torch.testing.assert_close(merged[:, :3], whole[:, :3])


@pytest.mark.parametrize("center", [PIXELS / 2, (PIXELS - 1) / 2])
def test_resampling_keeps_the_center_and_scales_about_it(center: float) -> None:
    """A ramp is resampled without error, so that the map can be read off it."""
    ramp = torch.arange(PIXELS, dtype=torch.float64).expand(1, 1, PIXELS, PIXELS)
    columns = resample(ramp, 0.5, (center, center))[0, 0, 8]
    expected = (torch.arange(PIXELS) - center) * 0.5 + center
    torch.testing.assert_close(columns, expected.double())
    assert resample(ramp, 3.0, (center, center))[0, 0, 8, 0] == 0


def test_a_pipeline_of_one_crop_is_as_ever(image) -> None:
    base = settings("MSRAHeatmap")
    model = dict(base["model"], type="MultiScaleTopdownPoseEstimator")
    outcomes = []
    for config in (base["model"], model):
        pipeline = Compose(base["test_dataloader"]["dataset"]["pipeline"])
        sample = pipeline(
            dict(
                img_path=str(image),
                bbox=np.array([[70.0, 52.0, 134.0, 116.0]]),
                bbox_score=np.ones(1),
                keypoints=np.zeros((1, 3, 2)),
                keypoints_visible=np.ones((1, 3)),
            )
        )
        outcomes.append(MODELS.build(config).eval().test_step(pseudo_collate([sample]))[0])
    plain, ours = (outcome.pred_instances.keypoints for outcome in outcomes)
    np.testing.assert_array_equal(plain, ours)
    assert "test_scales" not in outcomes[1].metainfo


def test_scales_and_pipeline_must_agree(image) -> None:
    with pytest.raises(InputError, match=r"scales is \[1\.0\], but .* 2 crops per person"):
        predict(settings("MSRAHeatmap"), (1.0, 1.2), image, scales=(1.0,))


def test_another_codec_is_refused(image) -> None:
    base = settings("MSRAHeatmap")
    base["model"]["head"]["decoder"] = dict(
        type="MegviiHeatmap", input_size=(SIZE, SIZE), heatmap_size=(PIXELS, PIXELS), kernel_size=5
    )
    with pytest.raises(InputError, match="not MegviiHeatmap"):
        predict(base, (1.0, 1.2), image)


def test_is_registered() -> None:
    assert MODELS.get("MultiScaleTopdownPoseEstimator") is MultiScaleTopdownPoseEstimator
