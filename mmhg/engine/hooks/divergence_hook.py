"""Stop a training whose numbers are not finite any more, before a checkpoint has them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from mmengine.dist import all_reduce, get_rank, get_world_size
from mmengine.hooks import CheckpointHook, Hook, LoggerHook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor

from mmhg.engine.divergence.bad_batch import save_batch
from mmhg.engine.divergence.finite import all_finite, named_tensors, not_finite
from mmhg.engine.divergence.later import LaterBool, Pending, Step
from mmhg.errors import InputError
from mmhg.models.unwrapping import unwrap

LEAST_SCALE = 1e-4
"""Of float16's loss. No gradient overflows at such a scale; fairseq stops there too."""

ADVICE = (
    "Look at the batch, lower optim_wrapper.optimizer.lr, or clip gradients "
    "(optim_wrapper.clip_grad); where float16 overflows, bfloat16 does not (optim_wrapper.dtype). "
    "The checkpoints have the weights from before, and --resume goes on from the last one"
)


@HOOKS.register_module()
class DivergenceHook(Hook):
    """Stop a training whose loss, gradient or weights are not finite.

    The batch is saved to `not_finite/iter_N` in the work directory. No checkpoint with such weights
    is written, so that none with finite ones is removed for it.

    On the CPU the step with such a gradient is left out, and the training stops at once. On a GPU
    no iteration waits for the result, which is known an iteration or two later, and at the interval
    of the logging at the latest; weights that have taken such a step are not saved.

    Gradients that overflow in float16 are no fault: mmengine's loss scale leaves the step out and
    shrinks. The log says so, and the training stops if the scale shrinks without end.

    Args:
        limit: Number of iterations without a finite loss or gradient whose step is left out before
            the training stops. More than 0 lets each step wait for the device.

    Raises:
        InputError: The training stops. The message names the iteration, the losses and the batch.
    """

    # After those that change weights (EMAHook, PreciseBNHook), before those that save them.
    priority = "LOW"

    def __init__(self, limit: int = 0) -> None:
        if limit < 0:
            raise InputError(f"DivergenceHook's limit must be 0 or more, got {limit}")
        self.limit = limit
        self._pending = Pending()
        self._finite_gradient: Tensor | None = None
        self._left_out = 0
        self._scale = 0.0
        self._never_finite: tuple[str, ...] = ()
        self._handles: list[Any] = []

    def before_train(self, runner: Runner) -> None:
        """Refuse weights that are not finite to begin with, and watch the optimizers."""
        if bad := not_finite(unwrap(runner.model).named_parameters()):
            raise InputError(
                f"the weights of this training are not finite to begin with: {_list(bad)}. Set "
                "load_from or --resume to another checkpoint"
            )
        # Such as masks of minus infinity.
        self._never_finite = tuple(not_finite(unwrap(runner.model).named_buffers()))
        for handle in self._handles:
            handle.remove()
        self._handles = [
            wrapper.optimizer.register_step_pre_hook(self._before_step)
            for wrapper in _wrappers(runner)
        ]
        self._scale = max((scaler.get_scale() for scaler in _scalers(runner)), default=0.0)

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Forget the gradient of the iteration before."""
        self._finite_gradient = None

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Look at the loss and the gradient, and at the weights if they are about to be saved."""
        losses = {name: value for name, value in (outputs or {}).items() if "loss" in name}
        flags = [torch.isfinite(value.detach()).all() for value in losses.values()]
        if self._finite_gradient is not None:
            flags.append(self._finite_gradient)
        if flags:
            finite = torch.stack([flag.to(flags[-1].device) for flag in flags]).all()
            step = Step(runner.iter + 1, runner.epoch + 1, data_batch, losses)
            self._pending.add(LaterBool(finite), step)
        logs = self.every_n_train_iters(runner, _interval(runner))
        self._report(runner, wait=logs)
        if logs:
            self._look_at_scale(runner)
        if any(_saves_now(hook, runner) for hook in runner.hooks):
            self._settle(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at all weights before they are saved."""
        self._settle(runner)

    def before_val(self, runner: Runner) -> None:
        """Look at all weights before they are scored and drawn."""
        if self._handles:
            self._settle(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to write tensors that are not finite, whoever asks."""
        saved = {name: checkpoint.get(name) for name in _PARTS}
        self._refuse(not_finite(named_tensors(saved)))

    def after_train(self, runner: Runner) -> None:
        """Let the optimizers go."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _before_step(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        """Look at a gradient; leave the step out if that costs no wait, or if it was asked for."""
        if getattr(optimizer, "found_inf", None) is not None:
            return  # a fused optimizer, which leaves the step out itself under a loss scale
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not gradients:
            return
        finite = all_finite(gradients)
        if self.limit and get_world_size() > 1:
            lowest = finite.float()
            all_reduce(lowest, "min")
            finite = lowest > 0
        if self._finite_gradient is not None:
            self._finite_gradient = self._finite_gradient & finite
        else:
            self._finite_gradient = finite
        if (self.limit or not finite.is_cuda) and not finite:
            for parameter in parameters:
                parameter.grad = None

    def _report(self, runner: Runner, wait: bool) -> None:
        """Save the batches of bad steps, and stop if there are too many."""
        for step in self._pending.pop_bad(wait):
            self._left_out += 1
            values = {name: value.detach().mean().item() for name, value in step.losses.items()}
            # NaN differs from itself, and infinity minus itself is NaN.
            lost = any(value - value != 0 for value in values.values())
            what = "loss" if lost else "gradient"
            named = ", ".join(f"{name} {value:g}" for name, value in values.items())
            place = self._save(runner, step, values)
            text = (
                f"the {what} of iteration {step.iteration} (epoch {step.epoch}) is not finite: "
                f"{named}. {place}"
            )
            if self._left_out > self.limit:
                raise InputError(f"{text}. {ADVICE}")
            runner.logger.warning(
                f"{text}. The step is left out, {self._left_out} of {self.limit} before the "
                "training stops"
            )

    def _save(self, runner: Runner, step: Step, losses: dict[str, float]) -> str:
        if step.batch is None:
            return "Its batch is not known any more"
        rank = f"_rank_{get_rank()}" if get_world_size() > 1 else ""
        folder = Path(runner.work_dir) / "not_finite" / f"iter_{step.iteration}{rank}"
        about = dict(
            iteration=step.iteration,
            epoch=step.epoch,
            losses={name: f"{value:g}" for name, value in losses.items()},
            learning_rates=runner.optim_wrapper.get_lr(),
        )
        save_batch(folder, step.batch, about)
        return f"Its batch is in {folder}"

    def _settle(self, runner: Runner) -> None:
        """Wait for the device, and look at everything that a checkpoint holds."""
        self._report(runner, wait=True)
        model = unwrap(runner.model)
        held = chain(model.named_parameters(), model.named_buffers())
        states = [dict(enumerate(one.optimizer.state.values())) for one in _wrappers(runner)]
        self._refuse(not_finite([*held, *named_tensors(states, "optimizer")]))

    def _refuse(self, bad: list[str]) -> None:
        if bad := [name for name in bad if not name.endswith(self._never_finite)]:
            raise InputError(
                f"the training has diverged: {_list(bad)}. Nothing of it is saved. {ADVICE}"
            )

    def _look_at_scale(self, runner: Runner) -> None:
        """Tell an overflow in float16 apart, which the loss scale handles."""
        for scaler in _scalers(runner):
            scale = scaler.get_scale()
            if scale < LEAST_SCALE:
                raise InputError(
                    f"the loss scale of float16 has shrunk to {scale:g}: gradients are not finite "
                    f"at any scale. {ADVICE}"
                )
            if scale < self._scale:
                runner.logger.info(
                    "gradients overflowed in float16: their steps were left out, and the loss "
                    f"scale shrank from {self._scale:g} to {scale:g}"
                )
            self._scale = scale


_PARTS = ("state_dict", "ema_state_dict", "optimizer")
"""Of a checkpoint: what has tensors that a training needs."""


def _wrappers(runner: Runner) -> Iterator[OptimWrapper]:
    """List the optimizers' wrappers: one, or those of an `OptimWrapperDict`."""
    wrapper = runner.optim_wrapper
    wrappers = getattr(wrapper, "optim_wrappers", {"": wrapper})
    yield from (one for one in wrappers.values() if isinstance(one, OptimWrapper))


def _scalers(runner: Runner) -> list[Any]:
    """List the loss scales that are in use."""
    found = [getattr(wrapper, "loss_scaler", None) for wrapper in _wrappers(runner)]
    return [scaler for scaler in found if scaler is not None and scaler.is_enabled()]


def _interval(runner: Runner) -> int:
    """Return the iterations from one line of the log to the next."""
    intervals = [hook.interval for hook in runner.hooks if isinstance(hook, LoggerHook)]
    return min(intervals, default=50)


def _saves_now(hook: Hook, runner: Runner) -> bool:
    """Tell if a hook that saves by iterations does so after this one."""
    return (
        isinstance(hook, CheckpointHook)
        and not hook.by_epoch
        and (
            hook.every_n_train_iters(runner, hook.interval, hook.save_begin)
            or (hook.save_last and hook.is_last_train_iter(runner))
        )
    )


def _list(names: list[str]) -> str:
    shown = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
    return f"{len(names)} tensors are not finite ({shown})"
