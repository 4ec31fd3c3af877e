"""Training on a GPU: precision, layout, checkpointing, memory, and a config by the Runner."""

import json

import pytest
import torch

from mmhg.benchmark.device import cuda_peak
from mmhg.benchmark.memory import peak_bytes
from mmhg.benchmark.timed_training import prepare, train
from mmhg.benchmark.training import training_runs
from mmhg.config.catalog import get_config
from mmhg.engine import AmpOptimWrapper
from mmhg.models.loading import load_model, read_checkpoint

pytestmark = pytest.mark.gpu
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")

TINY = dict(num_stacks=2, batch=4, size=64, channels=16, stem_channels=(4, 8, 8))


def gradients(name: str, device: str) -> tuple[float, torch.Tensor]:
    """Return the loss, and all gradients as one vector on the CPU.

    In float64: random weights and batch norm over a few pixels magnify float32's rounding.
    """
    ((_, run),) = training_runs([name], device=device, **TINY)
    run.model.double()
    run.images = run.images.double()
    run.backward()
    loss = float(run.loss().detach())
    grads = [p.grad.flatten().cpu() for _, p in sorted(run.model.named_parameters())]
    return loss, torch.cat(grads)


@pytest.mark.parametrize("name", ["ours", "ours, NCHW", "ours, with_cp"])
def test_gradients_are_those_of_the_cpu(device, name):
    loss, expected = gradients("ours", "cpu")
    found, vector = gradients(name, device)
    assert found == pytest.approx(loss, rel=1e-5)
    assert (vector - expected).norm() / expected.norm() < 1e-4


@pytest.mark.parametrize("dtype", [None, "float16"])
def test_mixed_precision_learns_a_batch(device, dtype):
    if dtype == "float16" and device == "cpu":
        pytest.skip("mixed precision on the CPU is bfloat16")
    ((_, run),) = training_runs(["ours, --amp"], device=device, **TINY)
    optimizer = torch.optim.Adam(run.model.parameters(), lr=1e-3)
    run.wrapper = AmpOptimWrapper(dtype=dtype, optimizer=optimizer)
    first = float(run.loss().detach())
    for _ in range(25):  # float16 may skip the first few steps, until the loss's scale fits
        run.step()
    last = float(run.loss().detach())
    assert last < 0.7 * first
    assert all(parameter.isfinite().all() for parameter in run.model.parameters())


@needs_cuda
def test_memory_that_is_counted_is_that_of_the_device(device):
    ((_, run),) = training_runs(["ours"], device=device, **{**TINY, "batch": 32, "size": 128})
    run.step()
    counted, taken = peak_bytes(run), cuda_peak(run.backward)
    assert 0.9 * counted < taken < 2 * counted + 2**26


def test_a_config_trains_validates_and_leaves_its_weights(device, mpii_root, tmp_path):
    config = get_config("hg1_mpii_256")
    prepare(config, workers=1, miniature=True)
    for loader in (config.train_dataloader, config.val_dataloader):
        loader.dataset.data_root = str(mpii_root)
    result = train(tmp_path, config=config, minutes=0.01, rounds=1)
    assert result["images_per_second"] > 0 and result["passes"] > 0
    assert set(result["scores"]) >= {"PCKh@0.5", "Head"}
    assert json.loads((tmp_path / "results.json").read_text())["weights"]  # the last validation's
    saved = read_checkpoint(tmp_path / "weights.pth")["state_dict"]
    assert {value.dtype for value in saved.values()} == {torch.float16, torch.int64}
    model = load_model(config, tmp_path / "weights.pth")
    for name, value in model.backbone.named_parameters():
        assert value.equal(saved[f"backbone.{name}"].float())
