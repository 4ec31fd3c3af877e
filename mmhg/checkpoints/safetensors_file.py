"""Read and write `.safetensors` files: tensors, and what is to be known of them as JSON.

Such a file cannot hold code. Its header has texts by name; ours is one, `mmhg`, because the order
of several changes from one writing to the next, and the file's hash with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from mmhg.checkpoints.reading import FILE_ERRORS
from mmhg.errors import InputError

SUFFIX = ".safetensors"
HEADER = "mmhg"
LACKING = "this kind of file needs the package safetensors: pip install safetensors"

_ARRAYS = {
    "keypoint_colors": np.uint8,
    "skeleton_link_colors": np.uint8,
    "dataset_keypoint_weights": np.float32,
    "sigmas": np.float32,
}
"""Arrays in the `dataset_meta` of MMPose, which are lists in JSON."""


def read_safetensors(path: Path) -> dict[str, Any]:
    """Load a file's tensors onto the CPU as `state_dict`, and what `write_safetensors` noted.

    Returns:
        A checkpoint like PyTorch's, with `meta` if the file has our header.

    Raises:
        InputError: The file is damaged, or the package safetensors is not installed.
    """
    try:
        from safetensors import safe_open
    except ImportError as error:
        raise InputError(LACKING) from error
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            content: dict[str, Any] = dict(
                state_dict={name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            )
        if HEADER in header:
            content["meta"] = _meta(json.loads(header[HEADER]))
    except FILE_ERRORS:
        raise
    except Exception as error:  # as with PyTorch's files
        raise InputError(f"it cannot be read: {type(error).__name__}: {error}") from error
    return content


def write_safetensors(path: Path, state: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write tensors and what is to be known of them: JSON's values, and numpy's arrays.

    Raises:
        InputError: The package safetensors is not installed.
    """
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise InputError(LACKING) from error
    tensors = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    text = json.dumps(meta, default=lambda value: value.tolist(), allow_nan=False)
    save_file(tensors, path, {HEADER: text})


def _meta(noted: Any) -> dict[str, Any]:
    """Give `dataset_meta` the types that MMPose expects, which JSON does not keep."""
    meta = dict(noted)
    if "dataset_meta" in meta:
        joints = dict(meta["dataset_meta"])
        names = joints["keypoint_id2name"].items()
        joints["keypoint_id2name"] = {int(index): name for index, name in names}
        for name, kind in _ARRAYS.items():
            joints[name] = np.array(joints[name], dtype=kind)
        meta["dataset_meta"] = joints
    return meta
