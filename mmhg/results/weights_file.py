"""Publish a trained network as a `.safetensors` file of half precision with its model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.checkpoints.safetensors_file import SUFFIX, write_safetensors
from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.export.description import describe
from mmhg.models.loading import load_model, read_checkpoint
from mmhg.results.model_card import model_card
from mmhg.utils.files import replacing, write_text
from mmhg.version import __version__

OF_TRAINING = ("epoch", "iter", "seed", "time")


def publish_weights(
    config: str | Path,
    checkpoint: str | Path,
    path: str | Path,
    results: Sequence[str | Path] = (),
    note: str = "",
) -> None:
    """Write the weights in half precision, and the model card beside them as `.md`.

    The file's header has, as JSON, what another program needs to use the network: input, crop,
    codec, flip test, names, skeleton and colors of the keypoints. It loads into networks of
    float32. The same weights give the same file.

    Args:
        config: File, or name of one of mmhg's configs; a top-down network that gives heatmaps.
        checkpoint: Its weights, as trained.
        path: The `.safetensors` file to write.
        results: The `results.json` files of evaluations, of the trained or of the published
            weights. The card says which.
        note: What the files do not tell about the training, for the card.

    Raises:
        InputError: The files do not belong together, a weight is out of half precision's range, or
            the files cannot be written.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise InputError(f"the file must end in {SUFFIX}, got {path}")
    if not path.absolute().parent.is_dir():
        raise InputError(f"cannot write {path}: there is no folder {path.parent}")
    settings = get_config(config)
    model = load_model(settings, checkpoint)
    state = model.state_dict()
    half = {name: to_half(name, value) for name, value in state.items()}
    rounded = {name: value.to(state[name].dtype) for name, value in half.items()}
    trained = read_checkpoint(checkpoint).get("meta") or {}
    meta = dict(
        config=Path(settings.filename).stem,
        mmhg_version=__version__,
        weights=fingerprint(rounded),
        rounded_from=fingerprint(state),
        **_description(settings, model),
        dataset_meta=model.dataset_meta,
        **{name: trained[name] for name in OF_TRAINING if trained.get(name) is not None},
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / path.name
        write_safetensors(file, half, meta)
        card = model_card(config, file, results, note)
        with replacing(path) as partial:
            partial.write_bytes(file.read_bytes())
    write_text(path.with_suffix(".md"), card)


def to_half(name: str, value: Tensor) -> Tensor:
    """Return the weights of a convolution in half precision, any other tensor as it is.

    Biases and batch norm's statistics are few, and statistics may be beyond half precision's range.

    Raises:
        InputError: A value is not finite, or becomes infinite.
    """
    if not value.is_floating_point():
        return value
    half = value.to(torch.float16) if value.ndim > 1 else value
    if not half.isfinite().all():
        limit = torch.finfo(torch.float16).max
        raise InputError(f"{name} has values that are not finite, or above {limit:,.0f}")
    return half


def _description(config: Config, model: Any) -> Mapping[str, Any]:
    """Describe input, crop, codec and flip test. The keypoints are in `dataset_meta`."""
    description = describe(config, model)
    del description["keypoints"]
    for name in ("mean", "std"):  # as `check_input` compares them
        description["input"][name] = [round(value, 4) for value in description["input"][name]]
    return description
