"""Let mmengine load `.safetensors` files and configs' names, and find damage in local files."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.runner import CheckpointLoader

from mmhg.checkpoints.integrity import check_archive
from mmhg.checkpoints.nested_tuples import check_tuples
from mmhg.checkpoints.reading import naming
from mmhg.checkpoints.safetensors_file import SUFFIX, read_safetensors
from mmhg.checkpoints.shipped import find_checkpoint

BARE_NAME = r"[\w-]+$"
ANY_SAFETENSORS = rf"(?!\w+://).*\{SUFFIX}$"


@CheckpointLoader.register_scheme(["", BARE_NAME, ANY_SAFETENSORS], force=True)
def load_from_mmhg(filename: str, map_location: Any = None) -> dict[str, Any]:
    """Load a local file, or the weights that come with the config of that name.

    Raises:
        FileNotFoundError: There is neither.
        InputError: The file is damaged, or is a `.safetensors` file that cannot be read.
    """
    path = find_checkpoint(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"{filename} can not be found.")
    if path.suffix != SUFFIX:
        with naming(path):
            check_archive(path)
            check_tuples(path)
        content: dict[str, Any] = torch.load(path, map_location=map_location, weights_only=True)  # noqa: TID251
        return content
    with naming(path):
        content = read_safetensors(path)
    if isinstance(map_location, str | torch.device):
        state = content["state_dict"]
        content["state_dict"] = {name: value.to(map_location) for name, value in state.items()}
    return content
