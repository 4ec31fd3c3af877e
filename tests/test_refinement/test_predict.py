"""Each stack predicts the same as a network that ends after it."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from mmhg import get_config
from mmhg.errors import InputError
from mmhg.nn import FastHourglass, enable_fast_inference, fast_inference
from mmhg.refinement.predict import check_stacks, predict_each_stack

STACKS, JOINTS, SIDE = 3, 16, 64
FLIP_INDICES = [5, 4, 3, 2, 1, 0, 6, 7, 8, 9, 15, 14, 13, 12, 11, 10]


def config(stacks: int = STACKS, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Make a narrow network on 64 px; `changes` go into its parts."""
    init_default_scope("mmpose")
    model = deepcopy(get_config("hg8_mpii_256").model.to_dict())
    codec = dict(type="HourglassHeatmap", input_size=(SIDE, SIDE), heatmap_size=(16, 16))
    model["backbone"].update(num_stacks=stacks, channels=8, stem_channels=(4, 4, 4))
    model["head"].update(num_stages=stacks, decoder=codec)
    for part, settings in changes.items():
        model[part].update(settings)
    return model


def build(model: Mapping[str, Any]) -> Any:
    torch.manual_seed(0)
    return MODELS.build(model).eval()


def batch(size: int = 2, seed: int = 1) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, 256, (size, 3, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    samples = [
        PoseDataSample(
            metainfo=dict(
                input_center=np.array([50.0, 40.0]),
                input_scale=np.array([80.0, 80.0]),
                input_size=(SIDE, SIDE),
                flip_indices=FLIP_INDICES,
            ),
            gt_instances=InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1)),
        )
        for _ in range(size)
    ]
    return dict(inputs=list(inputs), data_samples=samples)


def keypoints(samples: list[PoseDataSample]) -> np.ndarray:
    return np.stack([sample.pred_instances.keypoints[0] for sample in samples])


@pytest.mark.parametrize("flip", [True, False])
def test_each_stack_is_the_network_that_ends_there(flip: bool) -> None:
    settings = dict(test_cfg=dict(flip_test=flip, output_heatmaps=True))
    whole = build(config(**settings))
    found = predict_each_stack(whole, batch())
    assert len(found) == STACKS
    for stacks, samples in enumerate(found, start=1):
        short = build(config(stacks, **settings))
        short.load_state_dict(whole.state_dict(), strict=False)
        with torch.no_grad():
            wanted = short.test_step(batch())
        np.testing.assert_array_equal(keypoints(samples), keypoints(wanted))
        for sample, other in zip(samples, wanted, strict=True):
            assert torch.equal(sample.pred_fields.heatmaps, other.pred_fields.heatmaps)
    assert not np.array_equal(keypoints(found[0]), keypoints(found[-1]))


def test_the_network_runs_once_and_batch_and_model_stay_as_they_are() -> None:
    model, data = build(config()), batch()
    runs = []
    model.backbone.stem.register_forward_hook(lambda *_: runs.append(1))
    predict_each_stack(model, data)
    assert len(runs) == 2  # the image and its mirror image
    assert all("pred_instances" not in sample for sample in data["data_samples"])


def test_a_fast_form_in_place_is_passed_over_and_stays() -> None:
    model = build(config())
    plain = predict_each_stack(model, batch())
    with fast_inference(model):
        fast = model.backbone
        found = predict_each_stack(model, batch())
        assert isinstance(fast, FastHourglass)
        assert model.backbone is fast
    for samples, wanted in zip(found, plain, strict=True):
        np.testing.assert_array_equal(keypoints(samples), keypoints(wanted))


def test_heatmaps_may_be_asked_for() -> None:
    model = build(config())
    for asked, given in ((None, False), (True, True)):
        for samples in predict_each_stack(model, batch(), heatmaps=asked):
            assert all(("pred_fields" in sample) == given for sample in samples)
    assert "output_heatmaps" not in model.test_cfg


def test_threads_ask_for_stacks_and_predictions_at_once() -> None:
    model = build(config(test_cfg=dict(flip_test=True)))
    batches = [batch(seed=seed) for seed in range(8)]
    expected = [[keypoints(samples) for samples in predict_each_stack(model, b)] for b in batches]
    enable_fast_inference(model)

    def ask(index: int) -> list[np.ndarray]:
        if index % 2:
            with torch.no_grad():
                return [keypoints(model.test_step(batches[index // 2]))]
        found = predict_each_stack(model, batches[index // 2], heatmaps=True)
        assert all("pred_fields" in sample for samples in found for sample in samples)
        return [keypoints(samples) for samples in found]

    with ThreadPoolExecutor(4) as threads:
        for index, found in enumerate(threads.map(ask, range(16))):
            wanted = expected[index // 2]
            for ours, theirs in zip(found, wanted[-len(found) :], strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_multi_scale_testing() -> None:
    settings = config(test_cfg=dict(scales=[1.0, 1.3]))
    model = build({**settings, "type": "MultiScaleTopdownPoseEstimator"})

    def crops() -> dict[str, Any]:
        first, second = batch(), batch()
        second["inputs"] = [image.flip(0) for image in second["inputs"]]
        return {name: [first[name], second[name]] for name in first}

    found = predict_each_stack(model, crops())
    with torch.no_grad():
        wanted = model.test_step(crops())
    np.testing.assert_array_equal(keypoints(found[-1]), keypoints(wanted))
    assert not np.array_equal(keypoints(found[0]), keypoints(wanted))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            dict(
                backbone=dict(output="features"),
                head=dict(in_channels=8, out_channels=JOINTS, final_layer=dict(kernel_size=1)),
            ),
            "HourglassBackbone with output='features'",
        ),
        (
            dict(
                head=dict(in_channels=JOINTS, out_channels=JOINTS, final_layer=dict(kernel_size=1))
            ),
            "MultiStageHeatmapHead with layers",
        ),
        (dict(backbone=dict(supervision="last")), "supervision='stacks'.*has 'last'"),
    ],
)
def test_other_models_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        predict_each_stack(build(config(**changes)), batch())


def test_other_backbones_are_named() -> None:
    with pytest.raises(InputError, match="backbone is a Conv2d"):
        check_stacks(torch.nn.ModuleDict(dict(backbone=torch.nn.Conv2d(1, 1, 1))))
