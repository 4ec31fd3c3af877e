"""Save checkpoints from which a training goes on as if it had not stopped, and lose none."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import CheckpointHook as InPlaceCheckpointHook
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner
from mmpose.registry import HOOKS

from mmhg.engine.resuming import check_resumable
from mmhg.engine.resuming.latest import POINTER, numbered, why_not_resumable
from mmhg.engine.resuming.random_states import random_states, restore_random_states
from mmhg.errors import InputError
from mmhg.utils.files import leftovers, replacing

OURS = "mmhg_resume"
"""The entry of a checkpoint with what mmengine does not save."""


# In MMPose's scope this name takes precedence over mmengine's, so configs need no other.
@HOOKS.register_module(name="CheckpointHook")
class CheckpointHook(InPlaceCheckpointHook):
    """mmengine's `CheckpointHook`, with arguments as there, and these differences.

    - A resumed training in one process ends with the weights of one that was never interrupted, to
      the bit on a CPU: the states of the random generators are saved, and a validation that the
      break prevented is made up for. A checkpoint is written again after its validation, so that it
      knows the score.
    - An old checkpoint is removed when the new one lies there whole, not before. What killed
      writings left is removed at the start.
    - Files are only removed in the folder of this training's checkpoints, and only if their names
      are those that this hook gives. Checkpoints hold no paths, so a copied or renamed folder goes
      on from its own files.
    - A training does not begin in a folder that has checkpoints of another, or later ones.

    Args:
        *args: As for mmengine's hook.
        **settings: As for mmengine's hook.

    Raises:
        InputError: The folder has checkpoints that this training would replace, or a checkpoint to
            resume from holds no training.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.keep_ckpt_ids: deque[int] = deque()
        self._resumed: dict[str, Any] = {}
        self._validated: int | None = None
        """The step (epoch, or iteration) that was validated last."""
        self._saved: tuple[int | None, int | None] = (None, None)
        """The step of the last checkpoint, and what was validated then."""
        self._meta: dict[str, int] | None = None
        """While a checkpoint of the training is written: where the training is."""

    def check_unused(self, work_dir: str, step: int) -> None:
        """Check that a training replaces no checkpoint of another.

        Args:
            work_dir: The training's.
            step: The epoch (or iteration) after which it begins.

        Raises:
            InputError: The folder has checkpoints of later epochs, or any if this one begins anew.
        """
        folder = self._folder(work_dir)
        if folder is None:
            return
        later = {path.name: path for number, path in self._saved_in(folder) if number > step}
        if (
            step > 0
        ):  # those that are damaged, and the best one of an epoch that is, were passed over
            later = {
                name: path
                for name, path in later.items()
                if not name.startswith("best_") and why_not_resumable(path) is None
            }
        if later:
            begins = f"begins after {self._unit} {step}" if step else "begins at the beginning"
            names = ", ".join(sorted(later)[:3])
            raise InputError(
                f"{folder} has checkpoints of an earlier training ({names}), and this one {begins} "
                "and would replace them. Go on with the earlier one by --resume, name another "
                "folder with --work-dir, or move the checkpoints away"
            )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Check that a training can go on from a checkpoint, and keep what mmengine leaves."""
        if runner._resume:
            check_resumable(runner._load_from or "to resume from", checkpoint)
            entry = checkpoint.get(OURS)
            self._resumed = entry if isinstance(entry, dict) else {}

    def before_train(self, runner: Runner) -> None:
        """Take up the training where the checkpoint left it."""
        folder, step = self._folder(runner.work_dir), self._step(runner)
        own = folder is not None and self._is_own(runner, folder)
        self.check_unused(runner.work_dir, step)
        if not own:
            runner.message_hub.runtime_info.pop("keep_ckpt_ids", None)
        super().before_train(runner)
        self._take_up_best(runner, own, step)
        if folder is not None and is_main_process():
            _remove_leftovers(Path(runner.work_dir), folder)
        validated = self._resumed.get("validated")
        self._validated = validated if type(validated) is int else None
        self._saved = (step or None, self._validated)
        self._take_up_random(runner)
        if self._validated != step and self._validation_is_due(runner):
            runner.logger.info(f"making up for the validation after {self._unit} {step}")
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Save the best checkpoint, and note in the last one that it was validated."""
        if not isinstance(runner._train_loop, BaseLoop):
            return  # a validation without a training
        step = self._validated = self._step(runner)
        super().after_val_epoch(runner, metrics or {})
        if self._saved[0] == step and self._saved[1] != step:
            self._save_checkpoint_with_step(
                runner, step, dict(epoch=runner.epoch, iter=runner.iter)
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Add what a resume needs, and take out the paths of files."""
        hub = checkpoint["message_hub"] = dict(checkpoint["message_hub"])
        ours: dict[str, Any] = dict(best=self._names_of_best(hub["runtime_info"]))
        for part in ("runtime_info", "resumed_keys"):
            hub[part] = {
                key: value
                for key, value in hub[part].items()
                if key != "last_ckpt" and not key.startswith("best_ckpt")
            }
        if self._meta is not None:
            checkpoint["meta"].update(self._meta)
            sampler = _sampler(runner)
            ours.update(
                validated=self._validated,
                processes=get_world_size(),
                sampler_seed=getattr(sampler, "seed", None),
                random=random_states(),
            )
        checkpoint[OURS] = ours

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict[str, int]) -> None:
        """Save, then remove what is too old."""
        too_old: list[int] = []
        if self.max_keep_ckpts > 0:
            kept = [number for number in self.keep_ckpt_ids if number != step] + [step]
            too_old = kept[: -self.max_keep_ckpts]
            # With those that are too old: a resume removes them if this process cannot.
            runner.message_hub.update_info("keep_ckpt_ids", kept)
            self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info("last_ckpt", self.last_ckpt)
        self._saved = (step, self._validated)
        # Not `meta`, in which FlexibleRunner counts on after a validation.
        done = dict(epoch=step) if self.by_epoch else dict(iter=step)
        self._meta = dict(epoch=runner.epoch, iter=runner.iter) | done
        try:
            runner.save_checkpoint(
                self.out_dir,
                name,
                self.file_client_args,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
        finally:
            self._meta = None
        if is_main_process():
            with replacing(Path(runner.work_dir) / POINTER, durable=True) as partial:
                partial.write_text(_relative(self.last_ckpt, runner.work_dir), encoding="utf-8")
            for number in too_old:
                self._remove(self.filename_tmpl.format(number))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save, then remove the one that was the best."""
        before = self._best()
        for indicator in before:  # so that mmengine removes nothing before it saves
            self._set_best(indicator, None)
        super()._save_best_checkpoint(runner, metrics)
        for indicator, path in self._best().items():
            if path is None:
                self._set_best(indicator, before.get(indicator))
            elif is_main_process():
                self._remove_older_best(indicator, path)

    @property
    def _unit(self) -> str:
        return "epoch" if self.by_epoch else "iteration"

    def _step(self, runner: Runner) -> int:
        return int(runner.epoch if self.by_epoch else runner.iter)

    def _validation_is_due(self, runner: Runner) -> bool:
        """Tell whether the loop validates after what is trained so far."""
        loop, by_epoch = runner.train_loop, isinstance(runner.train_loop, EpochBasedTrainLoop)
        if runner.val_loop is None or by_epoch != self.by_epoch:  # saved within an epoch
            return False
        if not hasattr(loop, "_decide_current_val_interval"):  # a loop of somebody's own
            return False
        done, last = (loop.epoch, loop.max_epochs) if by_epoch else (loop.iter, loop.max_iters)
        loop._decide_current_val_interval()
        at_interval = done % loop.val_interval == 0 or done == last
        return bool(done > 0 and done >= loop.val_begin and at_interval)

    def _folder(self, work_dir: str) -> Path | None:
        """Return where checkpoints are, as mmengine's hook chooses it; None if it is remote."""
        folder = str(self.out_dir or work_dir)
        if "://" in folder:
            return None
        if folder != work_dir:
            folder = os.path.join(folder, os.path.basename(work_dir.rstrip(os.sep)))
        return Path(folder)

    def _is_own(self, runner: Runner, folder: Path) -> bool:
        """Tell whether the training began in this folder, or goes on from a checkpoint of it."""
        start = runner._load_from
        return start is None or Path(start).parent.resolve() == folder.resolve()

    def _saved_in(self, folder: Path) -> Iterator[tuple[int, Path]]:
        """Yield the checkpoints that this hook named, and their steps."""
        yield from numbered(folder, self.filename_tmpl).items()
        for indicator in self._best():
            yield from numbered(folder, self._best_template(indicator)).items()

    def _best(self) -> dict[str, str | None]:
        """Return the path of the best checkpoint by each indicator."""
        if not self.save_best:
            return {}
        if len(self.key_indicators) == 1:
            return {self.key_indicators[0]: self.best_ckpt_path}
        return {key: self.best_ckpt_path_dict.get(key) for key in self.key_indicators}

    def _set_best(self, indicator: str, path: str | None) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = path
        else:
            self.best_ckpt_path_dict[indicator] = path

    def _best_template(self, indicator: str) -> str:
        return f"best_{indicator}_{self.filename_tmpl}".replace("/", "_")

    def _hub_key(self, indicator: str) -> str:
        return "best_ckpt" if len(self.key_indicators) == 1 else f"best_ckpt_{indicator}"

    def _names_of_best(self, info: dict[str, Any]) -> dict[str, str]:
        """Return the names, without folders, of the best checkpoints that the hub notes."""
        paths = {indicator: info.get(self._hub_key(indicator)) for indicator in self._best()}
        return {indicator: os.path.basename(path) for indicator, path in paths.items() if path}

    def _take_up_best(self, runner: Runner, own: bool, step: int) -> None:
        """Find the best checkpoints so far: those noted, or else the last ones in the folder."""
        noted = self._resumed.get("best")
        noted = noted if isinstance(noted, dict) else {}
        for indicator in self._best():
            if not own or indicator == "auto":
                continue
            found = numbered(Path(self.out_dir), self._best_template(indicator))
            so_far = [found[number] for number in sorted(found) if number <= step]
            named = [path for path in so_far if path.name == noted.get(indicator)]
            if not (named or so_far):
                continue
            path = self.file_backend.join_path(self.out_dir, (named or so_far)[-1].name)
            self._set_best(indicator, path)
            runner.message_hub.update_info(self._hub_key(indicator), path)
            if named and is_main_process():
                self._remove_older_best(indicator, path)

    def _remove_older_best(self, indicator: str, path: str) -> None:
        """Remove the best checkpoints of earlier steps than the one at `path`."""
        name = os.path.basename(path)
        if "://" in path:
            return
        found = numbered(Path(self.out_dir), self._best_template(indicator))
        steps = {file.name: number for number, file in found.items()}
        for other, number in steps.items():
            if number < steps.get(name, 0):
                self._remove(other)

    def _remove(self, name: str) -> None:
        """Remove a file from the folder of the checkpoints."""
        path = self.file_backend.join_path(self.out_dir, name)
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)

    def _take_up_random(self, runner: Runner) -> None:
        """Restore the sampler's seed and, in one process, the random generators."""
        sampler, seed = _sampler(runner), self._resumed.get("sampler_seed")
        if type(seed) is int and 0 <= seed < 2**63 and hasattr(sampler, "seed"):
            sampler.seed = seed
        states = self._resumed.get("random")
        if isinstance(states, dict) and self._resumed.get("processes") == get_world_size() == 1:
            restore_random_states(states)


def _sampler(runner: Runner) -> Any:
    """Return what shuffles the training's data."""
    loader = runner.train_dataloader
    return getattr(loader.batch_sampler, "sampler", loader.sampler)


def _remove_leftovers(work_dir: Path, folder: Path) -> None:
    """Remove what killed writings left, of checkpoints and in the work directory."""
    for path in (*leftovers(folder, "*.pth"), *leftovers(work_dir)):
        path.unlink(missing_ok=True)


def _relative(path: str, folder: str) -> str:
    return path if "://" in path else os.path.relpath(path, folder)
