"""Local supervision in train_step against the ordinary one through the same cut graph."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, distributed, nn

from mmhg.engine import AmpOptimWrapper
from mmhg.errors import InputError
from mmhg.models import HourglassBackbone

LOCAL = "LocalTopdownPoseEstimator"
KEYPOINTS = 3
STEPS = 10
BACKBONE = dict(
    type="HourglassBackbone",
    num_stacks=3,
    depth=1,
    channels=8,
    stem_channels=(4, 8, 8),
    num_keypoints=KEYPOINTS,
)


class CutBackbone(HourglassBackbone):
    """The network with its graph cut, for one backward pass from all losses."""

    cut_every = 1

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        groups = list(self.forward_cut(x, self.cut_every))
        return tuple(output for group in groups for output in group)


def settings(backbone: dict = BACKBONE, **head: Any) -> dict[str, Any]:
    return dict(
        backbone=dict(backbone),
        head=dict(type="MultiStageHeatmapHead", **head),
        data_preprocessor=dict(type="mmpose.PoseDataPreprocessor", mean=[0] * 3, std=[255] * 3),
    )


def build(kind: str, cut_every: int = 1, **config: Any) -> Any:
    """Build a `"local"` model, or the same `"cut"` for the ordinary way, with the same weights."""
    torch.manual_seed(0)
    config = config or settings()
    if kind == "cut":
        model = MODELS.build(dict(config, type="TopdownPoseEstimator"))
        model.backbone.__class__ = CutBackbone
        model.backbone.cut_every = cut_every
    else:
        model = MODELS.build(dict(config, type=LOCAL, cut_every=cut_every))
    return model.train()


def batch_of(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(2):
        sample = PoseDataSample()
        heatmaps = torch.from_numpy(rng.random((KEYPOINTS, 8, 8)))
        sample.gt_fields = PixelData(heatmaps=heatmaps)
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, KEYPOINTS))
        samples.append(sample)
    images = rng.integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    return dict(inputs=list(torch.from_numpy(images)), data_samples=samples)


class Double(nn.Module):
    """Turn the preprocessor's images into float64."""

    def __init__(self, preprocessor: nn.Module) -> None:
        super().__init__()
        self.preprocessor = preprocessor

    def forward(self, data: dict, training: bool) -> dict:
        data = self.preprocessor(data, training)
        return dict(data, inputs=data["inputs"].double())


def train(
    model: nn.Module, wrapper: type = OptimWrapper, steps: int = STEPS, **options: Any
) -> list[dict[str, float]]:
    """Train through `train_step`, as a Runner does; return what it would log."""
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    optim_wrapper = wrapper(optimizer=optimizer, **options)
    optim_wrapper.initialize_count_status(model, 0, steps)
    logs = (model.train_step(batch_of(step), optim_wrapper) for step in range(steps))
    return [{name: value.item() for name, value in log.items()} for log in logs]


def assert_equal(found: nn.Module, expected: nn.Module, tolerance: float = 0.0) -> None:
    """Compare parameters, statistics and counters."""
    state = found.state_dict()
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(state[name], value, rtol=tolerance, atol=tolerance, msg=name)


@pytest.mark.parametrize("cut_every", [1, 2])
@pytest.mark.parametrize(
    "options", [{}, dict(accumulative_counts=4, clip_grad=dict(max_norm=0.02))]
)
def test_ten_steps_give_the_ordinary_weights_and_logs(cut_every: int, options: dict) -> None:
    models = [build(kind, cut_every).double() for kind in ("cut", "local")]
    logs = []
    for model in models:
        model.data_preprocessor = Double(model.data_preprocessor)
        logs.append(train(model, **copy.deepcopy(options)))  # mmengine empties clip_grad
    assert_equal(models[1], models[0], 1e-12)
    before = build("local").double().state_dict()
    learned = {name: value for name, value in models[1].state_dict().items() if "weight" in name}
    assert not any(value.equal(before[name]) for name, value in learned.items())
    assert list(logs[1][0]) == list(logs[0][0])
    for found, expected in zip(logs[1], logs[0], strict=True):
        assert found == pytest.approx(expected, rel=1e-9)


def test_mixed_precision_gives_the_ordinary_weights() -> None:
    models = [build(kind) for kind in ("cut", "local")]
    logs = [train(model, AmpOptimWrapper, steps=3) for model in models]
    assert logs[1] == logs[0]
    assert_equal(models[1], models[0])


def test_gradients_are_computed_from_the_scaled_loss() -> None:
    """In float16 most gradients of an unscaled loss would be 0."""
    scale = 2.0**40
    tiny = 1e-30
    model = build("local", **settings(loss_weights=[tiny] * 3))
    data = model.data_preprocessor(batch_of(0), True)

    seen = []

    def remember(gradient: Tensor) -> None:
        seen.append(gradient.abs().max().item())

    def gradients(scaled: bool) -> list[Tensor]:
        seen.clear()
        model.zero_grad()
        model.backbone.stem[0].register_forward_hook(
            lambda module, inputs, output: output.register_hook(remember) and None
        )
        with model.losses_scaled_by((lambda loss: loss * scale) if scaled else (lambda loss: loss)):
            losses = model.loss(**data)
        total, _ = model.parse_losses(losses)
        (total * scale if scaled else total).backward()
        return [parameter.grad for parameter in model.parameters()]

    plain = gradients(scaled=False)
    before = seen[0]
    for found, expected in zip(gradients(scaled=True), plain, strict=True):
        assert torch.equal(found, expected * scale)
    assert seen[0] == before * scale > 0


def test_amp_tells_the_model_the_scale_of_the_loss() -> None:
    model = build("local")
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    wrapper = AmpOptimWrapper(optimizer=optimizer)
    wrapper.loss_scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    with wrapper.optim_context(model):
        assert model._scale(torch.ones(())) == 1024
    assert model._scale(torch.ones(())) == 1


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """Be the only process of a group."""
    store = distributed.FileStore(str(tmp_path / "store"), 1)
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("alone")
def test_distributed_data_parallel_finds_one_backward_pass() -> None:
    plain, shared = build("local"), build("local")
    wrapped = MMDistributedDataParallel(shared, detect_anomalous_params=True)
    reduced = []
    for parameter in shared.parameters():
        parameter.register_post_accumulate_grad_hook(reduced.append)
    train(plain, steps=4, accumulative_counts=2)
    train(wrapped, steps=4, accumulative_counts=2)
    assert_equal(shared, plain)
    assert len(reduced) == 4 * len(list(shared.parameters()))


def test_frozen_stacks_stay_and_the_others_learn() -> None:
    model = build("local", **settings(dict(BACKBONE, frozen_stages=1)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train(model, steps=1)
    kept = {name for name, value in model.state_dict().items() if value.equal(before[name])}
    assert {n for n in before if n.startswith(("backbone.stem", "backbone.stacks.0."))} == kept


def test_heads_with_layers_of_their_own() -> None:
    backbone = dict(BACKBONE, output="features", num_keypoints=None)
    head = dict(
        in_channels=8,
        out_channels=KEYPOINTS,
        num_stages=3,
        final_layer=dict(kernel_size=1),
        loss=[dict(type="KeypointMSELoss", loss_weight=weight) for weight in (1.0, 2.0, 3.0)],
        loss_weights=[0.5, 1.0, 2.0],
    )
    models = [build(kind, **settings(backbone, **head)) for kind in ("cut", "local")]
    logs = [train(model, steps=2) for model in models]
    assert logs[1][1] == pytest.approx(logs[0][1], rel=1e-5)
    assert_equal(models[1], models[0], 1e-5)


def test_without_gradients_losses_are_computed_as_usual() -> None:
    model, ordinary = build("local"), build("cut")
    with torch.no_grad():
        found = model.loss(**model.data_preprocessor(batch_of(0), True))
        expected = ordinary.loss(**ordinary.data_preprocessor(batch_of(0), True))
    assert list(found) == list(expected)
    assert all(found[name].equal(value) for name, value in expected.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(backbone=dict(type="ResNet", depth=18)), "backbone is a ResNet"),
        (dict(backbone=dict(BACKBONE, supervision="last")), "supervision='stacks'"),
        (dict(head=dict(type="MultiStageHeatmapHead", num_stages=2)), "num_stages is 2.*3 stacks"),
        (
            dict(head=dict(type="HeatmapHead", in_channels=8, out_channels=3)),
            "model.head is a HeatmapHead",
        ),
        (dict(cut_every=0), "cut_every.*got 0"),
    ],
)
def test_settings_that_leave_a_stack_without_a_loss_are_named(change: dict, message: str) -> None:
    config = {**settings(), "type": LOCAL, **change}
    with pytest.raises(InputError, match=message):
        MODELS.build(config)


def test_a_parameter_without_a_gradient_is_named() -> None:
    model = build("local")
    model.head.unused = nn.Linear(1, 1)
    with pytest.raises(InputError, match=r"2 parameters no gradient, such as head\.unused\.bias"):
        model.loss(**model.data_preprocessor(batch_of(0), True))
