"""Validation by the fast form: same predictions, and the model is left as it was."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import get_priority
from mmpose.registry import MODELS
from torch import nn

from mmhg.benchmark.plain import randomize_statistics
from mmhg.engine import FastInferenceHook
from mmhg.errors import InputError


@pytest.fixture
def model() -> nn.Module:
    """The paper's model, narrow, with the statistics of a trained one."""
    torch.manual_seed(0)
    backbone = dict(
        type="HourglassBackbone", num_stacks=2, depth=2, channels=16, stem_channels=(4, 8, 8)
    )
    codec = dict(type="HourglassHeatmap", input_size=(64, 64), heatmap_size=(16, 16))
    head = dict(
        type="MultiStageHeatmapHead", in_channels=16, out_channels=16, num_stages=2, decoder=codec
    )
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(dict(type="TopdownPoseEstimator", backbone=backbone, head=head))
    randomize_statistics(model)
    return model.eval()


def run_of(model: nn.Module) -> SimpleNamespace:
    return SimpleNamespace(model=model, logger=MMLogger.get_instance("fast"))


@torch.no_grad()
def test_head_reads_the_fast_forms_heatmaps(model):
    images = torch.rand(2, 3, 64, 64)
    samples = [SimpleNamespace(metainfo={}) for _ in images]
    expected = model.head.predict(model.extract_feat(images), samples)
    hook = FastInferenceHook()
    hook.before_test_epoch(run_of(model))
    features = model.extract_feat(images)
    assert len(features) == 1
    found = model.head.predict(features, samples)
    hook.after_test_epoch(run_of(model))
    for sample, other in zip(found, expected, strict=True):
        assert torch.equal(torch.as_tensor(sample.keypoints), torch.as_tensor(other.keypoints))
    assert len(model.extract_feat(images)) == 2


@torch.no_grad()
def test_each_validation_takes_the_weights_as_they_are_by_then(model):
    images = torch.rand(1, 3, 64, 64)
    hook, runner = FastInferenceHook(), run_of(model)
    for _ in range(2):
        expected = model.backbone(images)[-1]
        hook.before_val_epoch(runner)
        (found,) = model.backbone(images)
        hook.after_val_epoch(runner)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
        for parameter in model.parameters():
            parameter.mul_(0.9)


def test_averaged_weights_are_exchanged_first():
    # mmengine calls hooks in the order of these numbers.
    assert get_priority(FastInferenceHook.priority) > get_priority(EMAHook.priority)


@torch.no_grad()
def test_bfloat16_is_a_switch(model):
    images = torch.rand(1, 3, 64, 64)
    expected = model.backbone(images)[-1]
    hook = FastInferenceHook(dtype="bfloat16")
    hook.before_val_epoch(run_of(model))
    (found,) = model.backbone(images)
    hook.after_val_epoch(run_of(model))
    assert 1e-6 < float((found - expected).abs().max()) < 0.1 * float(expected.abs().max())
    with pytest.raises(InputError, match="float32, bfloat16, got 'half'"):
        FastInferenceHook(dtype="half")


def test_plain_form_is_a_switch(model):
    hook = FastInferenceHook(enable=False)
    for start, end in (
        ("before_val_epoch", "after_val_epoch"),
        ("before_test_epoch", "after_test_epoch"),
    ):
        getattr(hook, start)(run_of(model))
        assert "forward" not in vars(model.backbone)
        assert len(model.extract_feat(torch.rand(1, 3, 64, 64))) == 2  # the fast form has the last
        getattr(hook, end)(run_of(model))


def test_program_compiled_for_training_is_set_aside(model):
    calls = []
    model.backbone._compiled_call_impl = lambda *args: calls.append(args)
    hook = FastInferenceHook()
    hook.before_val_epoch(run_of(model))
    with torch.no_grad():
        assert len(model.backbone(torch.rand(1, 3, 64, 64))) == 1
    hook.after_val_epoch(run_of(model))
    model.backbone(torch.rand(1, 3, 64, 64))
    assert len(calls) == 1


def test_other_backbones_are_left_alone(model):
    model.backbone = nn.Conv2d(3, 8, 1)
    hook = FastInferenceHook()
    hook.before_val_epoch(run_of(model))
    assert "forward" not in vars(model.backbone)
    hook.after_val_epoch(run_of(model))


def test_training_head_still_wants_every_stage(model):
    model.train()
    with pytest.raises(InputError, match="hands out 1 feature maps, the head's num_stages is 2"):
        model.head.forward((torch.rand(1, 16, 16, 16),))
