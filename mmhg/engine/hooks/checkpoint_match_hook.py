"""Refuse checkpoints that do not match the model."""

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS

from mmhg.checkpoints.reading import strip_wrappers
from mmhg.errors import InputError
from mmhg.models.loading import check_input, compare
from mmhg.models.unwrapping import unwrap

FINE_TUNING = (
    "Use the config that it was trained with. To fine-tune it for other keypoints, name the layers "
    "that begin anew in default_hooks.checkpoint_match.begin_anew, as hg8_coco_256_finetune does"
)


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Refuse a checkpoint that does not fit the model tensor by tensor, or was for another input.

    mmengine loads what fits and logs the rest. A test would then score a partly random network, and
    a training would begin from one.

    Args:
        begin_anew: For fine-tuning: names of layers that a training from `load_from` leaves as
            they are initialized, `("prediction", "reinject_heatmaps")` for other keypoints. Their
            tensors are listed in the log. Everything else must fit. Testing and resuming ignore
            this argument.

    Raises:
        InputError: The checkpoint does not fit. The message names the file, the tensors and what
            to do.
    """

    def __init__(self, begin_anew: Sequence[str] = ()) -> None:
        self.begin_anew = frozenset(begin_anew)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare names and shapes before mmengine copies those that fit."""
        model = unwrap(runner.model)
        path = runner._load_from
        wanted = model.state_dict()
        saved = strip_wrappers(checkpoint.get("state_dict", checkpoint))
        starts_training = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        if starts_training and self.begin_anew:
            new = [name for name in wanted if self._begins_anew(name)]
            if not new:
                raise InputError(
                    f"CheckpointMatchHook(begin_anew={sorted(self.begin_anew)}) names no layer of "
                    "the model"
                )
            saved = {name: value for name, value in saved.items() if not self._begins_anew(name)}
            wanted = {name: value for name, value in wanted.items() if name not in new}
            runner.logger.info(
                f"fine-tuning from {path}: {len(wanted):,} tensors are loaded, {len(new):,} "
                f"begin anew: {', '.join(new)}"
            )
        if differences := compare(saved, wanted):
            raise InputError(
                f"checkpoint {path} is of another network than the config's: "
                f"{'; '.join(differences)}. {FINE_TUNING}"
            )
        check_input(path, checkpoint.get("meta"), model)
        checkpoint["state_dict"] = saved

    def _begins_anew(self, name: str) -> bool:
        return not self.begin_anew.isdisjoint(name.split("."))
