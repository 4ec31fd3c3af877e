"""Load a checkpoint into a config's model, and refuse one of another network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmpose.apis import init_model
from torch import Tensor, nn

from mmhg.checkpoints.reading import FILE_ERRORS, naming, reason_of_torch
from mmhg.checkpoints.shipped import find_checkpoint, weights_of
from mmhg.checkpoints.wrappings import weights_for
from mmhg.errors import InputError
from mmhg.models.trained import trained_checkpoint, work_dir_of

PREDICTION_LAYERS = {"prediction", "final_layer"}
"""Names of the layers, ours and MMPose's, that give one heatmap per keypoint."""

NEEDED_METAINFO = {"dataset_name", "num_keypoints", "keypoint_id2name", "flip_indices"}
"""Without these a checkpoint's `dataset_meta` is not MMPose's, and the config's is taken."""


def checkpoint_of(config: Config, checkpoint: str | Path | None) -> str | Path:
    """Return the checkpoint that is named, or else that of the config.

    The config's is the best checkpoint in its work folder, else the last one there, else the
    weights that come with it.

    Args:
        config: The loaded config.
        checkpoint: A file, a URL, or the name of a config that comes with weights.

    Raises:
        InputError: None is named, and there is none of the config.
    """
    if checkpoint is not None:
        return checkpoint if "://" in str(checkpoint) else find_checkpoint(checkpoint)
    folder = work_dir_of(config)
    if trained := trained_checkpoint(folder):
        return trained
    try:
        return weights_of(Path(config.filename or "without a file").stem)
    except InputError as error:
        where = f"{folder} has no checkpoint of a training, and " if folder else ""
        raise InputError(f"{where}{error}") from error


def load_model(config: Config, checkpoint: str | Path | None = None) -> Any:
    """Build MMPose's model in evaluation mode, with all weights and `dataset_meta` of a checkpoint.

    Args:
        config: The model's config.
        checkpoint: As for `checkpoint_of`.

    Raises:
        InputError: There is no such checkpoint, or it is of another network.
    """
    checkpoint = checkpoint_of(config, checkpoint)
    content = read_checkpoint(checkpoint)
    model = init_model(config, device="cpu")
    wanted = model.state_dict()
    with naming(checkpoint):
        state = weights_for(content, wanted)
    if differences := compare(state, wanted):
        raise InputError(
            f"checkpoint {checkpoint} is of another network than the config's: "
            f"{'; '.join(differences)}. Give the config that it was trained with"
        )
    meta = content.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    check_input(str(checkpoint), meta, model)
    model.load_state_dict(state)
    joints = meta.get("dataset_meta")
    if isinstance(joints, Mapping) and joints.keys() >= NEEDED_METAINFO:
        model.dataset_meta = joints
    return model


def read_checkpoint(path: str | Path) -> Mapping[str, Any]:
    """Read a checkpoint onto the CPU, as mmengine does, without running code in it.

    Raises:
        InputError: There is no such file, or it is no checkpoint.
    """
    try:
        content = CheckpointLoader.load_checkpoint(str(path), map_location="cpu", logger="silent")
    except FileNotFoundError as error:
        if Path(path).expanduser().is_dir():
            raise InputError(
                f"checkpoint {path} is a folder. Give a checkpoint file (.pth)"
            ) from error
        raise InputError(f"there is no checkpoint {path}. Check its path") from error
    except (InputError, *FILE_ERRORS):
        raise
    except Exception as error:  # a damaged file may fail in any way
        raise InputError(f"checkpoint {path} cannot be loaded: {reason_of_torch(error)}") from error
    if not isinstance(content, Mapping):
        raise InputError(
            f"checkpoint {path} holds a {type(content).__name__}, not a dict with a state_dict"
        )
    return content


def compare(saved: Mapping[str, Any], wanted: Mapping[str, Tensor]) -> list[str]:
    """Describe how two state dicts differ; the list is empty if they do not."""
    common = [name for name in wanted if name in saved]
    reshaped = [
        f"{name} {tuple(saved[name].shape)} instead of {tuple(wanted[name].shape)}"
        for name in common
        if saved[name].shape != wanted[name].shape
    ]
    kinds = {
        "lacking": [name for name in wanted if name not in saved],
        "not in the model": [name for name in saved if name not in wanted],
        "of another shape": reshaped,
    }
    differences = [
        f"{len(names)} tensors {kind}, {names[0]} for example"
        for kind, names in kinds.items()
        if names
    ]
    number, other = keypoints_of(saved), keypoints_of(wanted)
    if None not in (number, other) and number != other:
        return [f"it is for {number} keypoints, the config for {other}", *differences]
    return differences


def keypoints_of(state: Mapping[str, Any]) -> int | None:
    """Return for how many keypoints a state dict predicts, None if it has no such layer."""
    layers = (name for name in state if not PREDICTION_LAYERS.isdisjoint(name.split(".")))
    first = next(layers, None)
    return None if first is None else int(state[first].shape[0])


def check_input(path: str, meta: Any, model: nn.Module) -> None:
    """Compare the model's mean and std with those that a converted checkpoint records.

    Raises:
        InputError: They differ.
    """
    noted = meta.get("input") if isinstance(meta, Mapping) else None
    preprocessor = getattr(model, "data_preprocessor", None)
    if not isinstance(noted, Mapping) or not hasattr(preprocessor, "mean"):
        return
    for name in ("mean", "std"):
        found = [round(value, 4) for value in getattr(preprocessor, name).flatten().tolist()]
        wanted = noted.get(name)
        if wanted is not None and len(found) != len(wanted):  # other channels, all alike
            found, wanted = sorted({*found}), sorted({round(value, 4) for value in wanted})
        if wanted is not None and found != wanted:
            raise InputError(
                f"checkpoint {path} was trained on input with {name} {wanted}, the config has "
                f"{found}. Set model.data_preprocessor.{name} to that of the checkpoint"
            )
