"""The fast form in the network's place: same names, same weights, and back again."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import pytest
import torch
from torch import nn

from mmhg.benchmark.plain import randomize_statistics
from mmhg.errors import InputError
from mmhg.nn import FastHourglass, StackedHourglass, enable_fast_inference, fast_inference

SMALL = dict(num_stacks=3, depth=2, channels=16, stem_channels=(4, 8, 8), num_keypoints=5)


@pytest.fixture
def model() -> nn.Module:
    """Return any module with a backbone, which has the statistics of a trained one."""
    torch.manual_seed(0)
    model = nn.Module()
    model.before = nn.Conv2d(3, 3, 1)
    model.backbone = StackedHourglass(**SMALL)
    model.after = nn.Conv2d(5, 5, 1)
    randomize_statistics(model)
    return model.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(1))


def near(output: torch.Tensor, expected: torch.Tensor) -> bool:
    extent = expected.max() - expected.min()
    return bool((output - expected).abs().max() < 2e-5 * extent)


@torch.no_grad()
def test_swapped_in_and_out(model: nn.Module, images: torch.Tensor) -> None:
    backbone = model.backbone
    plain = backbone(images)
    with fast_inference(model) as applies:
        assert applies
        assert isinstance(model.backbone, FastHourglass)
        (output,) = model.backbone(images)
    assert near(output, plain[-1])
    assert model.backbone is backbone
    assert all(torch.equal(a, b) for a, b in zip(backbone(images), plain, strict=True))


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_errors_leave_the_model_as_it_was(model: nn.Module, error: type[BaseException]) -> None:
    backbone = model.backbone
    with pytest.raises(error), fast_inference(model):
        model.backbone(torch.zeros(1, 3, 16, 16))
        raise error
    assert model.backbone is backbone


def test_names_order_and_weights_are_the_networks(model: nn.Module) -> None:
    def weights() -> list[tuple[str, int]]:
        tensors = (*model.named_parameters(), *model.named_buffers())
        return [(name, tensor.data_ptr()) for name, tensor in tensors]

    state, plain = model.state_dict(), weights()
    with fast_inference(model):
        model.backbone(torch.zeros(1, 3, 16, 16))
        assert list(model.state_dict()) == list(state)
        assert weights() == plain
        assert not model.backbone(torch.zeros(1, 3, 16, 16))[0].requires_grad
    assert all(parameter.requires_grad for parameter in model.parameters())


@torch.no_grad()
def test_weights_are_those_of_the_first_image(model: nn.Module, images: torch.Tensor) -> None:
    """As exchanged by mmengine's EMAHook, after the fast form is in place."""
    with fast_inference(model):
        for parameter in model.parameters():
            parameter.data.mul_(0.9)
        (output,) = model.backbone(images)
    assert near(output, model.backbone(images)[-1])


@torch.no_grad()
def test_loading_moving_and_refreshing_fold_anew(model: nn.Module, images: torch.Tensor) -> None:
    other = deepcopy(model)
    for parameter in other.parameters():
        parameter.mul_(0.9)
    expected = other.backbone(images)[-1]
    assert enable_fast_inference(model)
    model.backbone(images)
    model.load_state_dict(other.state_dict())
    assert near(model.backbone(images)[0], expected)
    model.double()
    model.float()
    assert near(model.backbone(images)[0], expected)
    for parameter in model.parameters():
        parameter.mul_(1.1)
    assert near(model.backbone(images)[0], expected)  # not told yet
    model.backbone.refresh()
    assert near(model.backbone(images)[0], model.backbone.network(images)[-1])


@torch.no_grad()
def test_copies_are_whole(model: nn.Module, images: torch.Tensor) -> None:
    enable_fast_inference(model)
    (expected,) = model.backbone(images)
    copied = deepcopy(model.backbone)
    assert copied.network.stem is copied.stem is not model.backbone.stem
    assert near(copied(images)[0], expected)


def test_it_cannot_train_but_be_evaluated(model: nn.Module) -> None:
    backbone = model.backbone.train()
    with fast_inference(model):
        model.eval()
        assert not backbone.training and not backbone.stacks[0].training
        with pytest.raises(InputError, match="cannot train"):
            model.train()
    assert model.train().backbone.stacks[0].training


@torch.no_grad()
def test_program_compiled_for_training_is_set_aside(model: nn.Module, images) -> None:
    calls = []
    model.backbone._compiled_call_impl = lambda *args: calls.append(args)
    with fast_inference(model):
        assert len(model.backbone(images)) == 1
    assert not calls
    model.backbone(images)
    assert len(calls) == 1


@torch.no_grad()
def test_fast_form_in_a_fast_models_place(model: nn.Module, images: torch.Tensor) -> None:
    enable_fast_inference(model, dtype=torch.bfloat16)
    outer = model.backbone
    with fast_inference(model):
        (output,) = model.backbone(images)
    assert near(output, outer.network(images)[-1])
    assert model.backbone is outer
    low = outer(images)[0]
    assert low.dtype == torch.float32
    assert not near(low, output)


def test_other_backbones_stay(model: nn.Module) -> None:
    model.backbone = other = nn.Conv2d(3, 8, 1)
    assert not enable_fast_inference(model)
    with fast_inference(model) as applies:
        assert not applies
        assert model.backbone is other
    with fast_inference(nn.Module()) as applies:
        assert not applies


@torch.no_grad()
def test_a_network_of_another_type(model: nn.Module, images: torch.Tensor) -> None:
    model.bfloat16()
    expected = model.backbone.float()(images)[-1]
    model.bfloat16()
    with fast_inference(model):
        (output,) = model.backbone(images)
    assert output.dtype == torch.float32
    torch.testing.assert_close(output, expected, rtol=0, atol=0.05 * float(expected.std()))


def test_the_last_thread_to_leave_finds_the_plain_network(model: nn.Module) -> None:
    plain = model.backbone
    first, second = fast_inference(model), fast_inference(model)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert model.backbone is plain


@torch.no_grad()
def test_threads_share_one_model(model: nn.Module) -> None:
    """Each gets its own images' heatmaps, the first to come included."""
    batches = [
        torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(i)) for i in range(8)
    ]
    expected = [model.backbone(batch)[-1] for batch in batches]
    enable_fast_inference(model)

    def run(batch: torch.Tensor) -> torch.Tensor:
        return model.backbone(batch)[0]

    with ThreadPoolExecutor(4) as threads:
        outputs = list(threads.map(run, batches))
    assert all(map(near, outputs, expected))


@pytest.mark.slow
@torch.no_grad()
def test_compiled(model: nn.Module, images: torch.Tensor) -> None:
    expected = model.backbone(images)[-1]
    with fast_inference(model, compile=True):
        (output,) = model.backbone(images)
    assert near(output, expected)
