"""Losses are logged without waiting for the device."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import RuntimeInfoHook
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor

from mmhg.engine.deferred_scalars import update_scalar_later


@HOOKS.register_module()
class DeferredRuntimeInfoHook(RuntimeInfoHook):
    """mmengine's ``RuntimeInfoHook``, but the losses stay on the device until they are read.

    mmengine's asks for each loss in each iteration, so that the host waits for the device and
    cannot queue up the next iteration. Here the message hub gets them over when something reads
    them: at the logger's interval, at an epoch's end, for a checkpoint. The values are the same.

    Use it in the place of mmengine's:
    ``default_hooks = dict(runtime_info=dict(type="DeferredRuntimeInfoHook"))``.
    """

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Add the model's ``log_vars`` to the message hub."""
        for name, value in (outputs or {}).items():
            key = f"train/{name}"
            if isinstance(value, Tensor):
                update_scalar_later(runner.message_hub, key, value)
            else:
                runner.message_hub.update_scalar(key, value)
