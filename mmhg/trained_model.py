"""A config's model with a checkpoint's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmpose.apis import init_model

from mmhg.engine.hooks.checkpoint_match import check_input, compare
from mmhg.errors import InputError


def load_model(config: Config, checkpoint: str | Path) -> Any:
    """MMPose's model in evaluation mode, with `dataset_meta`; all weights are the checkpoint's.

    Raises:
        InputError: There is no such checkpoint, or it is of another network.
    """
    try:
        content = CheckpointLoader.load_checkpoint(
            str(checkpoint), map_location="cpu", logger="silent"
        )
    except FileNotFoundError as error:
        if Path(checkpoint).expanduser().is_dir():
            raise InputError(
                f"checkpoint {checkpoint} is a folder; give a checkpoint file (.pth)"
            ) from error
        raise InputError(f"there is no checkpoint {checkpoint}; check its path") from error
    model = init_model(config, device="cpu")
    state = {
        name.removeprefix("module."): value
        for name, value in content.get("state_dict", content).items()
    }
    if differences := compare(state, model.state_dict()):
        raise InputError(
            f"checkpoint {checkpoint} is of another network than the config's: "
            f"{'; '.join(differences)}. Give the config that it was trained with"
        )
    meta = content.get("meta") or {}
    check_input(str(checkpoint), meta, model)
    model.load_state_dict(state)
    if "dataset_meta" in meta:
        model.dataset_meta = meta["dataset_meta"]
    return model
