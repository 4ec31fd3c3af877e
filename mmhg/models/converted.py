"""Write converted checkpoints and the configs beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from torch import Tensor

from mmhg.checkpoints.convert import Network, mean_of
from mmhg.checkpoints.layout import Layout, rename_to_theirs
from mmhg.checkpoints.writing import write_pytorch
from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.nn.fold_reinjection import fold_model_config, fold_reinjection
from mmhg.utils.files import replacing
from mmhg.version import __version__

BASE = "hg8_mpii_256"
BASE_KEYPOINTS = 16
MARK = '"""Written by tools/convert_checkpoint.py'


def write_ours(network: Network, path: Path, *, fold: bool = False) -> list[str]:
    """Write a checkpoint with our keys and, beside it, the config of its model.

    Args:
        network: As `read_network` gives it.
        path: The checkpoint; the config has the same stem and the suffix `.py`.
        fold: Write the equivalent network that re-injects features alone.

    Returns:
        Messages for the user.

    Raises:
        InputError: One of the two files cannot be written, or is not ours to replace.
    """
    config_path = path.with_suffix(".py")
    check_target(path)
    if config_path.exists() and not config_path.read_text(errors="replace").startswith(MARK):
        raise InputError(f"{config_path} is not a converter's. Move it, or take another name")
    cfg = config_of(network)
    state = {name: own_memory(value) for name, value in network.state.items()}
    if fold:
        cfg.model = fold_model_config(cfg.model)
        state = fold_reinjection(state)
    check_strict(cfg, state)
    preprocessor = cfg.model.data_preprocessor
    meta = dict(
        mmhg_version=__version__,
        converted_from=network.source,
        input=dict(mean=list(preprocessor.mean), std=list(preprocessor.std)),
        dropped=network.dropped,
        filled=network.filled,
    )
    form = ", features alone re-injected" if fold else ""
    heading = f"{MARK} for {path.name}, from {network.source}{form}.\n\n{network.structure}.\n"
    with replacing(config_path) as partial:
        partial.write_text(f'{heading}"""\n\n{cfg.pretty_text}', encoding="utf-8")
        Config.fromfile(partial)
        write_pytorch(path, dict(state_dict=state, meta=meta))
    notes = list(network.notes)
    if network.structure.num_keypoints != BASE_KEYPOINTS:
        notes.append(
            f"the network has {network.structure.num_keypoints} keypoints, the config's dataset is "
            f"MPII with {BASE_KEYPOINTS}. Put your dataset in its place"
        )
    if network.structure.in_channels != 3:
        notes.append(
            f"the network takes {network.structure.in_channels} channels, the config's pipelines "
            "load 3. Put your own loading in their place"
        )
    return notes


def write_theirs(network: Network, layout: Layout, path: Path) -> tuple[dict[str, str], list[str]]:
    """Write a checkpoint as another implementation saves and loads it.

    Returns:
        Tensors that only its layout has, with the value that they are given, and messages for the
        user.

    Raises:
        InputError: The implementation has no such network, or the file cannot be written.
    """
    check_target(path)
    structure = network.structure
    renamed = rename_to_theirs(layout, network.state, structure)
    state = {layout.prefix + name: own_memory(value) for name, value in renamed.state.items()}
    write_pytorch(path, layout.checkpoint(state))
    notes = list(network.notes)
    if network.mean != mean_of(layout):
        notes.append(
            f"the network expects {in_words(network.mean)}, {layout.name}'s code feeds "
            f"{in_words(mean_of(layout))}. Change it there"
        )
    if (structure.stem_channels, structure.depth) != (layout.stem_channels, 4):
        notes.append(
            f"{layout.name}'s code builds a stem of {layout.stem_channels} and hourglasses of "
            f"depth 4, this network has {structure.stem_channels} and {structure.depth}. Change "
            "it there"
        )
    if structure.in_channels != 3:
        notes.append(f"{layout.name}'s code takes 3 channels, this network {structure.in_channels}")
    return renamed.filled, notes


def in_words(mean: tuple[float, float, float]) -> str:
    """Describe the input that a network expects."""
    values = ", ".join(f"{value / 255:.4f}" for value in mean)
    return f"RGB in [0, 1] minus ({values})" if any(mean) else "RGB in [0, 1]"


def config_of(network: Network) -> Config:
    """Make the paper's config for MPII with this network and its input."""
    cfg = get_config(BASE)
    structure = network.structure
    settings = structure.settings()
    if structure.in_channels == 3:
        del settings["in_channels"]
    cfg.model.backbone.update(settings)
    cfg.model.data_preprocessor.mean = list(network.mean)
    if structure.in_channels != 3:  # one mean and std for all channels
        cfg.model.data_preprocessor.update(mean=[0.0], std=[255.0], bgr_to_rgb=False)
    # MMPoseInferencer looks for both here.
    cfg.data_mode, cfg.dataset_type = "topdown", cfg.test_dataloader.dataset.type
    return cfg


def check_strict(cfg: Config, state: Mapping[str, Tensor]) -> None:
    """Load the state into the config's model, which compares all keys and shapes."""
    with DefaultScope.overwrite_default_scope("mmpose"), torch.device("meta"):
        model = MODELS.build(cfg.model)
    model.load_state_dict(state, strict=True, assign=True)


def own_memory(value: Tensor) -> Tensor:
    """Return a contiguous copy, so that a file does not hold the memory of other tensors."""
    return value.detach().clone(memory_format=torch.contiguous_format)


def check_target(path: Path) -> None:
    """Raise an InputError if a checkpoint cannot be written."""
    if path.suffix == ".py":
        raise InputError(f"the checkpoint must not be a .py file, got {path}")
    if not path.parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
