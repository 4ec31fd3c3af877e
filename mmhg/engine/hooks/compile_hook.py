"""`torch.compile` for the backbone."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the model's backbone, for training and for evaluation.

    mmengine's ``compile=True`` compiles the whole training step, with data samples, logs and
    optimiser, and falls apart into many graphs. The backbone is one graph. It is compiled in place:
    checkpoints keep their names. Each batch size is compiled once (``dynamic=False``): a training
    set that is no multiple of the batch size takes two.

    Args:
        enable: The switch. Results then differ in rounding.
        **options: Of ``torch.compile``, such as ``mode`` and ``backend``.
    """

    def __init__(self, enable: bool = True, **options: Any) -> None:
        self.enable = enable
        self.options = {"dynamic": False, **options}

    def before_run(self, runner: Runner) -> None:
        """Compile; the first iterations then take longer."""
        if not self.enable:
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        model.backbone.compile(**self.options)
