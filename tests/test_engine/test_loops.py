"""Validation and test by the fast form: same scores, same checkpoints, and the model as it was."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from mmhg.engine import FastTestLoop, FastValLoop
from mmhg.errors import InputError
from mmhg.models import HourglassBackbone
from mmhg.models.unwrapping import unwrap
from mmhg.nn import FastHourglass, intermediate_supervision_loss

VAL, TEST = dict(type="FastValLoop"), dict(type="FastTestLoop")


class Model(BaseModel):
    """The smallest model with a backbone that a Runner trains."""

    def __init__(self, backbone: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = backbone or HourglassBackbone(
            num_stacks=2, depth=1, channels=8, stem_channels=(4, 4, 4), num_keypoints=2
        )

    def forward(self, inputs: Tensor, mode: str = "tensor") -> Any:
        outputs = self.backbone(inputs)
        if mode == "loss":
            target = torch.ones_like(outputs[-1])
            return dict(loss=intermediate_supervision_loss(outputs, target))
        return [dict(heatmaps=heatmaps, outputs=len(outputs)) for heatmaps in outputs[-1]]


class Kept(BaseMetric):
    """Keeps what it is handed; its score is the better the nearer heatmaps are to 1."""

    def process(self, data_batch: Any, data_samples: list[dict]) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: list[dict]) -> dict[str, Any]:
        heatmaps = torch.stack([result["heatmaps"] for result in results])
        return dict(
            score=-float((heatmaps - 1).square().mean()),
            outputs=results[0]["outputs"],
            heatmaps=heatmaps,
        )


class InTheMiddle(Hook):
    """Does something within validation or test."""

    def __init__(self, action: Any) -> None:
        self.action = action

    def after_val_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        self.action(runner)

    after_test_iter = after_val_iter


def runner_of(folder: Path, model: nn.Module, val: dict = VAL, test: dict = TEST, **kw) -> Runner:
    generator = torch.Generator().manual_seed(0)
    images = [dict(inputs=image) for image in torch.rand(4, 3, 32, 32, generator=generator)]
    in_order = dict(type="DefaultSampler", shuffle=False)
    loader = dict(dataset=images, sampler=in_order, batch_size=2, num_workers=0)
    loader["collate_fn"] = dict(type="default_collate")
    return Runner(
        model=model,
        work_dir=str(folder),
        default_scope="mmpose",
        train_dataloader=loader,
        val_dataloader=loader,
        test_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=2, val_interval=1),
        optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.05)),
        val_cfg=val,
        test_cfg=test,
        val_evaluator=Evaluator(Kept()),
        test_evaluator=Evaluator(Kept()),
        experiment_name=folder.name,
        **kw,
    )


def train(folder: Path, val: dict) -> dict[str, dict]:
    """Train with averaged weights, and return all checkpoints, one of them from each validation."""

    def save(runner: Runner) -> None:
        runner.save_checkpoint(str(folder), f"within_{runner.epoch}.pth", save_optimizer=False)

    torch.manual_seed(0)
    checkpoint = dict(type="CheckpointHook", interval=1, save_best="score", rule="greater")
    average = dict(type="EMAHook", momentum=0.5)
    hooks = [average, InTheMiddle(save)]
    settings = dict(default_hooks=dict(checkpoint=checkpoint), custom_hooks=hooks)
    runner_of(folder, Model(), val, **settings).train()
    return {path.name: torch.load(path, weights_only=True) for path in sorted(folder.glob("*.pth"))}


def test_every_checkpoint_is_the_plain_loops(tmp_path: Path) -> None:
    plain, fast = train(tmp_path / "plain", dict(type="ValLoop")), train(tmp_path / "fast", VAL)
    assert {"epoch_1.pth", "epoch_2.pth", "within_1.pth", "within_2.pth"} < set(fast)
    assert any(name.startswith("best_score") for name in fast)
    assert list(plain) == list(fast)
    for name, checkpoint in fast.items():
        assert "ema_state_dict" in checkpoint
        for kind in ("state_dict", "ema_state_dict"):
            assert list(checkpoint[kind]) == list(plain[name][kind])
            for key, value in plain[name][kind].items():
                assert torch.equal(checkpoint[kind][key], value), (name, key)
    first, last = (fast[f"within_{epoch}.pth"]["state_dict"] for epoch in (1, 2))
    assert any(not torch.equal(value, last[key]) for key, value in first.items())


def test_averaged_weights_are_evaluated(tmp_path: Path) -> None:
    average = [dict(type="EMAHook", momentum=0.01)]
    runs = dict(plain=(dict(type="ValLoop"), average), fast=(VAL, average), last=(VAL, []))
    scores = {}
    for name, (val, hooks) in runs.items():
        torch.manual_seed(0)
        runner = runner_of(tmp_path / name, Model(), val, custom_hooks=hooks)
        runner.train()
        scores[name] = runner.message_hub.get_scalar("val/score").current()
    assert scores["fast"] == pytest.approx(scores["plain"], abs=1e-5)
    assert abs(scores["last"] - scores["fast"]) > 1e-2


@pytest.mark.parametrize("kind", ["val", "test"])
def test_heatmaps_are_the_plain_loops(kind: str, tmp_path: Path) -> None:
    model = Model()
    metrics = {}
    for name, loops in dict(plain=({}, {}), fast=(VAL, TEST)).items():
        runner = runner_of(tmp_path / name, model, *loops)
        metrics[name] = getattr(runner, kind)()
    assert (metrics["plain"]["outputs"], metrics["fast"]["outputs"]) == (2, 1)
    torch.testing.assert_close(
        metrics["fast"]["heatmaps"], metrics["plain"]["heatmaps"], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["val", "test"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_errors_leave_the_model_as_it_was(
    kind: str, error: type[BaseException], tmp_path: Path
) -> None:
    model = Model()
    backbone = model.backbone

    def fail(runner: Runner) -> None:
        assert isinstance(runner.model.backbone, FastHourglass)
        raise error

    runner = runner_of(tmp_path, model, custom_hooks=[InTheMiddle(fail)])
    with pytest.raises(error):
        getattr(runner, kind)()
    assert model.backbone is backbone
    assert model.train().backbone.stacks[0].training


def test_bfloat16_is_a_switch(tmp_path: Path) -> None:
    model = Model()
    low = dict(type="FastTestLoop", dtype="bfloat16")
    first = runner_of(tmp_path / "float32", model).test()["heatmaps"]
    second = runner_of(tmp_path / "bfloat16", model, test=low).test()["heatmaps"]
    assert 1e-6 < float((first - second).abs().max()) < 0.1 * float(first.abs().max())
    with pytest.raises(InputError, match=r"FastValLoop's dtype must be one of .*, got 'half'"):
        runner_of(tmp_path / "half", model, dict(type="FastValLoop", dtype="half")).val()


def test_other_backbones_are_evaluated_as_they_are(tmp_path: Path) -> None:
    class Single(nn.Conv2d):
        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            return (super().forward(x),)

    model = Model(Single(3, 2, 1))
    backbone = model.backbone
    metrics = runner_of(tmp_path, model).val()
    assert metrics["outputs"] == 1
    assert model.backbone is backbone


def test_wrapped_models_are_unwrapped(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, Model())
    model, runner.model = runner.model, nn.DataParallel(runner.model)
    assert unwrap(runner.model) is model
    assert isinstance(runner.val_loop, FastValLoop) and isinstance(runner.test_loop, FastTestLoop)
