"""Refuse checkpoints that do not match the model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS
from torch import Tensor, nn

from mmhg.checkpoints.reading import naming
from mmhg.checkpoints.shipped import shipped_weights
from mmhg.checkpoints.stem import FILTERS, spread_over_channels
from mmhg.checkpoints.structure import PREFIX, read_structure
from mmhg.checkpoints.wrappings import weights_for
from mmhg.errors import InputError
from mmhg.models.loading import check_input, compare, keypoints_of
from mmhg.models.unwrapping import is_sharded, unwrap

Tensors = Mapping[str, Tensor]

KEYPOINT_LAYERS = frozenset({"prediction", "reinject_heatmaps"})
"""Layers of the network whose shape depends on the number of keypoints."""

FINE_TUNING = (
    "Use the config that it was trained with. To fine-tune it for other keypoints, name the layers "
    "that begin anew in default_hooks.checkpoint_match.begin_anew, as hg8_coco_256_finetune does"
)


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Refuse a checkpoint that does not fit the model tensor by tensor, or was for another input.

    mmengine loads what fits and logs the rest. A test would then score a partly random network, and
    a training would begin from one.

    A training whose `load_from` is the name of a config that comes with weights may have other
    keypoints: unless `begin_anew` names layers, `prediction` and `reinject_heatmaps` begin anew if
    the number of keypoints differs. If its layers have other widths, or are more or fewer, it
    starts from scratch.

    A training whose images have another number of channels than those of its `load_from` gives each
    channel the same filters, the sum over the checkpoint's shared out. The log says all of this.

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
        path = runner._load_from or runner.work_dir  # of which the last one is resumed
        wanted = _shapes(runner.model) if is_sharded(runner.model) else model.state_dict()
        with naming(path):
            saved: Tensors = weights_for(checkpoint, wanted)
        starts_training = isinstance(runner._train_loop, BaseLoop) and not runner._resume
        begin_anew = self.begin_anew if starts_training else frozenset()
        if (
            starts_training
            and path in shipped_weights()
            and self._starts_from_scratch(runner, checkpoint, saved, wanted)
        ):
            return
        if starts_training:
            saved = _of_other_channels(runner, saved, wanted)
        if starts_training and not begin_anew and path in shipped_weights():
            begin_anew = self._of_other_keypoints(runner, checkpoint, saved, wanted)
        if begin_anew:
            new = [name for name in wanted if _is_part(name, begin_anew)]
            if not new:
                raise InputError(
                    f"CheckpointMatchHook(begin_anew={sorted(begin_anew)}) names no layer of "
                    "the model"
                )
            saved = {name: value for name, value in saved.items() if not _is_part(name, begin_anew)}
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

    def _starts_from_scratch(
        self, runner: Runner, checkpoint: dict[str, Any], saved: Tensors, wanted: Tensors
    ) -> bool:
        """Load nothing if the layers that come with the package are not the model's."""
        try:
            theirs, ours = read_structure(saved), read_structure(wanted)
        except InputError:  # no stacked hourglass: what it lacks is said below
            return False
        theirs_for_ours = replace(
            theirs, num_keypoints=ours.num_keypoints, in_channels=ours.in_channels
        )
        if theirs_for_ours == ours or is_sharded(runner.model):
            return False
        runner.logger.warning(
            f"training starts from scratch: {runner._load_from} is {theirs}, and the config's "
            f"network is {ours}. Nothing is loaded"
        )
        checkpoint["state_dict"] = dict(
            wanted
        )  # its own, which mmengine then has nothing to say of
        runner._load_from = None
        return True

    def _of_other_keypoints(
        self, runner: Runner, checkpoint: dict[str, Any], saved: Tensors, wanted: Tensors
    ) -> frozenset[str]:
        """Name the layers of the keypoints if their number differs, and log if their names do."""
        if keypoints_of(saved) != keypoints_of(wanted):
            return KEYPOINT_LAYERS
        theirs = (checkpoint.get("meta") or {}).get("dataset_meta", {}).get("keypoint_id2name")
        dataset = getattr(runner.train_dataloader, "dataset", None)
        ours = getattr(dataset, "metainfo", {}).get("keypoint_id2name")
        if theirs and ours and theirs != ours:
            runner.logger.info(
                f"{runner._load_from} has as many keypoints under other names: "
                f"{', '.join(theirs.values())}. Their layers are loaded. If these are other "
                "points, name the layers that begin anew in "
                "default_hooks.checkpoint_match.begin_anew, as hg8_coco_256_finetune does"
            )
        return frozenset()


def _of_other_channels(runner: Runner, saved: Tensors, wanted: Tensors) -> Tensors:
    """Fit the stem's filters to the images' channels, and log it."""
    name = f"{PREFIX}{FILTERS}"
    if name not in saved or name not in wanted or saved[name].ndim != 4:
        return saved
    before, after = saved[name].shape[1], wanted[name].shape[1]
    if before == after:
        return saved
    how = "their sum" if after == 1 else f"1 / {after} of their sum"
    runner.logger.info(
        f"{runner._load_from} is for images of {before} channels, the config's have {after}: each "
        f"channel takes the same filters of the stem, {how}"
    )
    return {**saved, name: spread_over_channels(saved[name], after)}


def _shapes(model: nn.Module) -> Tensors:
    """Return tensors without content in the shapes of a model that FSDP shares out."""
    shapes = [{name: value.shape for name, value in model.state_dict().items()}]
    broadcast_object_list(shapes)  # the first process has gathered them
    return {name: torch.empty(shape, device="meta") for name, shape in shapes[0].items()}


def _is_part(name: str, layers: frozenset[str]) -> bool:
    return not layers.isdisjoint(name.split("."))
