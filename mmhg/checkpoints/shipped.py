"""Find the trained weights that come with the package."""

from __future__ import annotations

from pathlib import Path

from mmhg.checkpoints.safetensors_file import SUFFIX
from mmhg.errors import InputError

FOLDER = Path(__file__).resolve().parents[1] / "weights"
"""Has `<config>.safetensors` and the model card, `<config>.md`, of each network."""

DEFAULT = "hg2_lspet_128"
"""The config whose weights are taken where none is named."""


def shipped_weights() -> dict[str, Path]:
    """Return the file of each config that comes with trained weights, by the config's name."""
    return {path.stem: path for path in sorted(FOLDER.glob(f"*{SUFFIX}"))}


def weights_of(config: str) -> Path:
    """Return the file of weights that comes with the config of this name.

    Raises:
        InputError: There is none.
    """
    shipped = shipped_weights()
    if config not in shipped:
        raise InputError(
            f"no weights come with config {config}. Give a CHECKPOINT of it. Weights come with "
            f"{', '.join(shipped) or 'no config'}"
        )
    return shipped[config]


def find_checkpoint(name: str | Path) -> Path:
    """Return the file `name`, or else the weights that come with the config of that name."""
    path = Path(name)
    return path if path.is_file() else shipped_weights().get(str(name), path)
