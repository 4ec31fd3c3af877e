"""The network on a GPU: heatmaps, targets and keypoints are the CPU's."""

import copy

import pytest
import torch

from mmhg.benchmark.plain import PlainHourglass, randomize_statistics
from mmhg.nn import FoldedHourglass, StackedHourglass, decode_heatmaps, draw_targets
from mmhg.nn.folded import compiled

pytestmark = pytest.mark.gpu
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")


@pytest.fixture
def network() -> StackedHourglass:
    """Return a small network with the statistics of a trained one, on the CPU."""
    torch.manual_seed(0)
    network = StackedHourglass(num_stacks=2, channels=32, stem_channels=(8, 16, 16))
    randomize_statistics(network)
    return network.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(2, 3, 128, 64, generator=torch.Generator().manual_seed(1))


def deviation(output: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference over the range of what is expected."""
    return float((output.cpu() - expected).abs().max() / (expected.max() - expected.min()))


@torch.no_grad()
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_heatmaps_of_all_stacks(device, network, images, layout):
    expected = PlainHourglass(network.state_dict()).eval()(images)
    there = copy.deepcopy(network).to(device, memory_format=layout)
    outputs = there(images.to(device, memory_format=layout))
    assert len(outputs) == 2
    for output, plain in zip(outputs, expected, strict=True):
        assert output.device.type == device
        assert deviation(output, plain) < 1e-4


@torch.no_grad()
@pytest.mark.parametrize(
    ("dtype", "largest"),
    [(torch.float32, 1e-4), (torch.bfloat16, 0.05), (torch.float16, 0.01)],
)
def test_fast_form(device, network, images, dtype, largest):
    expected = network(images)[-1]
    (output,) = FoldedHourglass(copy.deepcopy(network).to(device), dtype)(images.to(device))
    assert output.dtype == torch.float32
    assert deviation(output, expected) < largest
    assert dtype == torch.float32 or deviation(output, expected) > 1e-6


@needs_cuda
@torch.no_grad()
def test_compiled_fast_form_is_replayed(device, network, images):
    fast = FoldedHourglass(copy.deepcopy(network).to(device))
    program = compiled(fast)
    for shift in (0.0, 0.1, 0.2):  # the second and third call replay the CUDA graph
        (output,) = program((images + shift).to(device))
        assert deviation(output, network(images + shift)[-1]) < 1e-4


def test_targets_and_keypoints(device):
    keypoints = torch.tensor([[[13.0, 22.0], [50.0, 9.0]], [[0.0, 0.0], [63.0, 127.0]]])
    annotated = torch.tensor([[True, False], [True, True]])
    expected = draw_targets(keypoints, (16, 32), annotated=annotated)
    targets = draw_targets(keypoints.to(device), (16, 32), annotated=annotated.to(device))
    assert targets.device.type == device
    torch.testing.assert_close(targets.cpu(), expected)
    found, scores = decode_heatmaps(targets)
    assert found.device.type == device
    torch.testing.assert_close(found.cpu(), decode_heatmaps(expected)[0])
    assert scores.cpu().tolist() == [[1, 0], [1, 1]]
