"""The paper config's network against the reference: outputs, loss, gradients, training.

The reference runs in float64, in the key layouts of the published implementations; the paper
config's model is built in other sizes and gets the same numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor, nn
from torch.nn import functional

from mmhg.nn.hourglass import Hourglass
from reference import layouts
from reference.layouts import Size
from reference.network import Network, loss, rmsprop

LAYOUTS = {
    "princeton": (layouts.princeton, layouts.princeton_names),
    "bearpaw": (layouts.bearpaw, layouts.bearpaw_names),
}
CASES = [
    pytest.param(
        Size(num_stacks=stacks, num_blocks=blocks), layout, id=f"hg{stacks}-{blocks}-{layout}"
    )
    for stacks in (1, 2, 8)
    for blocks in (1, 2)
    for layout in LAYOUTS
    if layout == "bearpaw" or blocks == 1
]
MODES = pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])


@dataclass
class Batch:
    """Smooth images and Gaussian targets.

    Args:
        images: (N, 3, S, S) in [0, 1].
        targets: (N, K, S / 4, S / 4).
        annotated: (N, K); where false, the target is empty.
    """

    images: Tensor
    targets: Tensor
    annotated: Tensor

    def to(self, dtype: torch.dtype) -> "Batch":
        return Batch(self.images.to(dtype), self.targets.to(dtype), self.annotated)


@dataclass
class Pass:
    """The results of a forward and backward pass; tensors by the backbone's names."""

    heatmaps: list[Tensor]
    loss: Tensor
    gradients: dict[str, Tensor]
    statistics: dict[str, Tensor]


def draw_batch(side: int) -> Batch:
    """Draw four images of `side` px with three joints each, one of them not annotated."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(4, 3, 5, 5, generator=generator, dtype=torch.float64)
    images = functional.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=True)
    side //= 4
    centers = torch.randint(2, side - 2, (4, 3, 2, 1, 1), generator=generator)
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    targets = torch.exp(-(torch.stack((x, y)) - centers).square().sum(2).double() / 2)
    annotated = torch.ones(4, 3, dtype=torch.bool)
    annotated[0, 1] = False
    targets[~annotated] = 0
    return Batch(images.clamp(0, 1), targets, annotated)


@pytest.fixture(scope="module")
def batch() -> Batch:
    return draw_batch(64)


@pytest.fixture(scope="module")
def large_batch() -> Batch:
    """Draw images of several pixels on the lowest level: batch norms are better conditioned."""
    return draw_batch(128)


@pytest.fixture
def build_model(paper: Config) -> Callable[[Size], BaseModel]:
    """Build the paper config's pose estimator in another size, float64, with seed 0's numbers."""

    def build(size: Size) -> BaseModel:
        cfg = Config(dict(model=dict(paper.model.to_dict(), _scope_="mmpose"))).model
        joints = size.num_keypoints
        cfg.backbone.update(
            num_stacks=size.num_stacks,
            num_blocks=size.num_blocks,
            channels=size.channels,
            stem_channels=size.stem_channels,
            num_keypoints=joints,
            depth=size.depth,
        )
        cfg.head.update(in_channels=joints, out_channels=joints, num_stages=size.num_stacks)
        model = MODELS.build(cfg).double()
        model.load_state_dict(layouts.ours(size, prefix="backbone."))
        return model

    return build


def reference_network(layout: str, size: Size, training: bool) -> Network:
    draw, names = LAYOUTS[layout]
    tensors = draw(size)
    for name, tensor in tensors.items():
        tensor.requires_grad_(name.endswith((".weight", ".bias")))
    return Network(tensors, names(size), size, training)


def by_our_names(network: Network) -> dict[str, Tensor]:
    """Select the tensors that the network uses."""
    ours = layouts.our_names(network.size)
    return {
        f"{ours(module.role)}.{name}": network.tensors[f"{network.names(module.role)}.{name}"]
        for module in layouts.modules(network.size)
        for name in ("weight", "bias", *(() if module.kernel else ("running_mean", "running_var")))
    }


def reference_pass(network: Network, batch: Batch) -> Pass:
    heatmaps = network(batch.images)
    total = loss(heatmaps, batch.targets)
    total.backward()
    tensors = by_our_names(network)
    return Pass(
        [output.detach() for output in heatmaps],
        total.detach(),
        {name: tensor.grad for name, tensor in tensors.items() if tensor.requires_grad},
        {name: tensor for name, tensor in tensors.items() if ".running_" in name},
    )


def our_loss(model: BaseModel, batch: Batch) -> Tensor:
    """Return the sum that mmengine calls `backward` on."""
    samples = [
        PoseDataSample(
            gt_fields=PixelData(heatmaps=target),
            gt_instance_labels=InstanceData(keypoint_weights=weights[None].to(target)),
        )
        for target, weights in zip(batch.targets, batch.annotated, strict=True)
    ]
    return model.parse_losses(model.loss(batch.images, samples))[0]


def our_pass(model: BaseModel, batch: Batch) -> Pass:
    heatmaps: list[Tensor] = []
    handle = model.backbone.register_forward_hook(lambda *call: heatmaps.extend(call[-1]))
    total = our_loss(model, batch)
    handle.remove()
    total.backward()
    buffers = model.backbone.named_buffers()
    return Pass(
        [output.detach() for output in heatmaps],
        total.detach(),
        {name: parameter.grad for name, parameter in model.backbone.named_parameters()},
        {name: buffer for name, buffer in buffers if ".running_" in name},
    )


def assert_agree(found: Pass, expected: Pass) -> None:
    """Compare outputs, loss and running statistics to 1e-10, gradients to 1e-8."""
    exact = dict(rtol=0, atol=1e-10)
    torch.testing.assert_close(found.heatmaps, expected.heatmaps, **exact)
    torch.testing.assert_close(found.loss, expected.loss, **exact)
    torch.testing.assert_close(found.statistics, expected.statistics, **exact)
    torch.testing.assert_close(found.gradients, expected.gradients, rtol=0, atol=1e-8)


@MODES
@pytest.mark.parametrize(("size", "layout"), CASES)
def test_outputs_loss_gradients_and_statistics(
    size: Size, layout: str, training: bool, build_model: Callable, batch: Batch
) -> None:
    expected = reference_pass(reference_network(layout, size, training), batch)
    model = build_model(size).train(training)
    assert_agree(our_pass(model, batch), expected)
    assert expected.loss > 0.1


@MODES
@pytest.mark.parametrize("stacks", [1, 2, 8])
def test_in_single_precision(
    stacks: int, training: bool, build_model: Callable, large_batch: Batch
) -> None:
    """Ours in float32 against the reference in float64, to 1e-4 of the largest value."""
    size = Size(num_stacks=stacks, channels=16)
    expected = reference_pass(reference_network("bearpaw", size, training), large_batch)
    single = our_pass(build_model(size).float().train(training), large_batch.to(torch.float32))
    for found, exact in zip(single.heatmaps, expected.heatmaps, strict=True):
        assert (found - exact).abs().max() <= 1e-4 * exact.abs().max()
    torch.testing.assert_close(single.loss.double(), expected.loss, rtol=1e-4, atol=0)


def train_both(
    network: Network, step: Callable[[], None], model: BaseModel, paper: Config, batch: Batch
) -> None:
    """Train ten steps on one batch; `step` updates the reference's tensors by their gradients.

    In float64 alone: a bias ahead of a batch norm has no gradient but rounding, which RMSprop
    blows up in float32.
    """
    wrapper = build_optim_wrapper(model, paper.optim_wrapper)
    before = model.backbone.stem[0].weight.detach().clone()
    for _ in range(10):
        loss(network(batch.images), batch.targets).backward()
        step()
        wrapper.update_params(our_loss(model, batch))
    assert (model.backbone.stem[0].weight - before).abs().max() > 1e-3
    tensors = by_our_names(network)
    for name, parameter in model.backbone.named_parameters():
        torch.testing.assert_close(parameter, tensors[name], rtol=0, atol=1e-7)


@pytest.mark.parametrize(("stacks", "blocks"), [(1, 1), (2, 1), (2, 2), (8, 1)])
def test_ten_steps_of_training(
    stacks: int, blocks: int, paper: Config, build_model: Callable, batch: Batch
) -> None:
    size = Size(num_stacks=stacks, num_blocks=blocks)
    network = reference_network("bearpaw", size, training=True)
    parameters = [tensor for tensor in network.tensors.values() if tensor.requires_grad]
    optimizer = torch.optim.RMSprop(parameters, lr=2.5e-4, alpha=0.99, eps=1e-8)

    def step() -> None:
        optimizer.step()
        optimizer.zero_grad()

    train_both(network, step, build_model(size).train(), paper, batch)


def test_ten_steps_of_torch7s_rmsprop(
    paper: Config, build_model: Callable, large_batch: Batch
) -> None:
    """RMSprop written out. It rounds otherwise than PyTorch's, and in narrow networks each step
    multiplies what the last one left by about ten: with one stack 1e-10 is left at the end."""
    size = Size(num_stacks=1)
    network = reference_network("princeton", size, training=True)
    used = [tensor for tensor in by_our_names(network).values() if tensor.requires_grad]
    squares = [torch.zeros_like(tensor) for tensor in used]

    def step() -> None:
        rmsprop(used, squares)
        for tensor in used:
            tensor.grad = None

    train_both(network, step, build_model(size).train(), paper, large_batch)


def test_one_seed_gives_the_same_network_in_every_layout() -> None:
    size = Size(num_stacks=2)
    networks = [
        by_our_names(Network(draw(size), names(size), size, training=False))
        for draw, names in (*LAYOUTS.values(), (layouts.ours, layouts.our_names))
    ]
    assert networks[0].keys() == networks[1].keys() == networks[2].keys()
    torch.testing.assert_close(networks[0], networks[1], rtol=0, atol=0)
    torch.testing.assert_close(networks[0], networks[2], rtol=0, atol=0)


def modules_of(model: BaseModel, kind: type[nn.Module]) -> list[nn.Module]:
    return [module for module in model.backbone.modules() if isinstance(module, kind)]


def swap_skip_and_up(model: BaseModel) -> None:
    for hourglass in modules_of(model, Hourglass):
        hourglass.skip[0], hourglass.up[0] = hourglass.up[0], hourglass.skip[0]


def set_all(kind: type[nn.Module], **changes: object) -> Callable[[BaseModel], None]:
    def change(model: BaseModel) -> None:
        for module in modules_of(model, kind):
            for name, value in changes.items():
                setattr(module, name, value)

    return change


def silence(name: str) -> Callable[[BaseModel], None]:
    """Leave a re-injection out, but with its parameters."""

    def change(model: BaseModel) -> None:
        getattr(model.backbone.stacks[0], name).register_forward_hook(lambda *call: 0 * call[-1])

    return change


def average_pool(model: BaseModel) -> None:
    for module in (*modules_of(model, Hourglass), model.backbone):
        parts = module.down if isinstance(module, Hourglass) else module.stem
        index = next(i for i, part in enumerate(parts) if isinstance(part, nn.MaxPool2d))
        parts[index] = nn.AvgPool2d(2)


def no_relu_after_linear(model: BaseModel) -> None:
    model.backbone.stacks[0].features[-1] = nn.Identity()


def mask_in_the_loss(model: BaseModel) -> None:
    model.head.loss_module.use_target_weight = True


def supervise_the_last_stack_alone(model: BaseModel) -> None:
    model.head.loss_weights = (0.0, 1.0)


def average_over_stacks(model: BaseModel) -> None:
    model.head.loss_weights = (0.5, 0.5)


DEFECTS = {
    "skip and up swapped": swap_skip_and_up,
    "features not re-injected": silence("reinject_features"),
    "heatmaps not re-injected": silence("reinject_heatmaps"),
    "batch norm's eps": set_all(nn.BatchNorm2d, eps=1e-3),
    "batch norm's momentum": set_all(nn.BatchNorm2d, momentum=0.01),
    "bilinear upsampling": set_all(nn.Upsample, mode="bilinear"),
    "leaky ReLU": set_all(nn.ReLU, forward=functional.leaky_relu),
    "average pooling": average_pool,
    "no ReLU after the linear layer": no_relu_after_linear,
    "mask in the loss": mask_in_the_loss,
    "last stack supervised alone": supervise_the_last_stack_alone,
    "mean over the stacks": average_over_stacks,
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_comparison_sees(defect: str, build_model: Callable, batch: Batch) -> None:
    size = Size(num_stacks=2)
    expected = reference_pass(reference_network("bearpaw", size, training=True), batch)
    model = build_model(size).train()
    DEFECTS[defect](model)
    found = our_pass(model, batch)
    with pytest.raises(AssertionError, match="not close"):
        assert_agree(found, expected)
