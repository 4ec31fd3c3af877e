"""Train ten steps in float64, in one of several processes: `ten_steps.py DATA PEOPLE OUT [local]`.

The first process saves the weights after each step. PEOPLE is its share of the batch. `local`
trains two stacks, each by its own loss.
"""

import sys
from pathlib import Path
from typing import Any

import mmhg  # noqa: F401  # isort: skip  (ahead of MMPose)
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.models import TopdownPoseEstimator
from mmpose.registry import MODELS
from torch import distributed

from mmhg.config import get_config
from mmhg.models import LocalTopdownPoseEstimator
from mmhg_cli.mmpose_tools import cpu_distributed_overrides

EPOCHS = 5
"""Of two steps."""


class Double:
    """Make an estimator one in float64."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.double()

    def forward(self, inputs: torch.Tensor, *args: Any, **settings: Any) -> Any:
        return super().forward(inputs.double(), *args, **settings)


@MODELS.register_module()
class DoubleEstimator(Double, TopdownPoseEstimator):
    pass


@MODELS.register_module()
class DoubleLocalEstimator(Double, LocalTopdownPoseEstimator):
    pass


class KeepWeights(Hook):
    """Begin with the same weights, and keep those after each step."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.weights: list[torch.Tensor] = []

    def before_train(self, runner: Runner) -> None:
        generator = torch.Generator().manual_seed(0)
        for parameter in runner.model.parameters():
            parameter.data.copy_(
                torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.05
            )

    def after_train_iter(self, runner: Runner, *args: Any, **settings: Any) -> None:
        weights = [parameter.detach().ravel() for parameter in runner.model.parameters()]
        self.weights.append(torch.cat(weights))


def main(data: str, people: int, out: Path, local: bool) -> None:
    config = get_config("hg1_synthetic_128")
    config.train_dataloader.dataset.pipeline = [
        step
        for step in config.train_dataloader.dataset.pipeline
        if not step.type.startswith("Random")
    ]
    config.merge_from_dict(
        {
            "launcher": "pytorch",
            "work_dir": str(out.with_suffix("")),
            "model.type": "DoubleLocalEstimator" if local else "DoubleEstimator",
            "model.backbone": dict(
                num_stacks=1 + local, channels=16, stem_channels=(4, 8, 8), norm_eval=True
            ),
            "train_dataloader": dict(
                batch_size=people,
                num_workers=0,
                persistent_workers=False,
                dataset=dict(data_root=data),
            ),
            "optim_wrapper": dict(type="OptimWrapper", optimizer=dict(lr=1e-3)),
            "default_hooks.checkpoint.interval": 100,
            **cpu_distributed_overrides(sharded=False),
        }
    )
    config.train_cfg = dict(by_epoch=True, max_epochs=EPOCHS)
    config.val_cfg = config.val_dataloader = config.val_evaluator = config.param_scheduler = None
    runner = Runner.from_cfg(config)
    kept = KeepWeights()
    runner.register_hook(kept)
    runner.train()
    if is_main_process():
        torch.save(torch.stack(kept.weights), out)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), local="local" in sys.argv[4:])
