"""Read untrusted checkpoints as data, without running code in them.

PyTorch's files are read with `weights_only=True`. Beyond tensors this allows numpy's scalars and
arrays, and replaces mmengine's objects by ones that do nothing. That is enough for the published
files and for those of a training, whose optimizers and scores are dicts and numbers.
"""

from __future__ import annotations

import pickle  # noqa: TID251  its exception
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor

from mmhg.checkpoints.integrity import check_archive
from mmhg.checkpoints.mmengine_pickles import skip_mmengine
from mmhg.checkpoints.nested_tuples import check_tuples
from mmhg.checkpoints.wrappings import STATE_NAMES, as_tensor, find_state, strip_wrappers
from mmhg.errors import InputError

NO_TENSOR = "not a tensor of the network"
DAMAGED = "it is damaged, or not a PyTorch checkpoint"

FILE_ERRORS = (
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
    URLError,
)

TORCH7_TAGS = 9  # type tags 0 to 8, see torch7/file.py


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Put the name of the file at the beginning of InputErrors that the block raises."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def is_torch7(path: Path) -> bool:
    """Tell whether a file begins as Torch7's do: with a type tag, int32 or in ascii."""
    with path.open("rb") as file:
        head = file.read(4)
    binary = len(head) == 4 and int.from_bytes(head, "little") < TORCH7_TAGS
    return binary or re.match(rb"[0-8]\s", head) is not None


def read_pytorch(path: Path) -> dict[str, Any]:
    """Load a checkpoint onto the CPU: new and old (torch 0.4) files, of Python 3 and Python 2.

    Raises:
        InputError: The file is damaged, would run code, or holds no dict.
    """
    try:
        check_archive(path)
        with skip_mmengine():
            content = _load(path)
    except (InputError, *FILE_ERRORS):
        raise
    except Exception as error:  # a damaged file may fail in any way
        reason = reason_of_torch(error)
        if not isinstance(error, pickle.UnpicklingError) or reason == DAMAGED:
            raise InputError(f"it cannot be read: {type(error).__name__}: {reason}") from error
        raise InputError(
            f"refused, and nothing of it was run: {reason}. A checkpoint of tensors, numbers and "
            "strings needs no such thing. Ask its author for a state_dict"
        ) from error
    if not isinstance(content, Mapping):
        raise InputError(f"it holds a {type(content).__name__}, not a dict with a state_dict")
    return dict(content)


def _load(path: Path) -> Any:
    check_tuples(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251
    except UnicodeDecodeError:  # numpy's scalars as Python 2 writes them: bytes in a str
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "pickle_load_args only works")  # it does work
            return torch.load(path, map_location="cpu", weights_only=True, encoding="latin1")  # noqa: TID251


def reason_of_torch(error: Exception) -> str:
    """Return why `torch.load` failed, without its advice to load without a safety check."""
    text = str(error)
    unsafe = re.search(r"WeightsUnpickler error:\s*(.+?)(?: was not an allowed|$)", text, re.M)
    unsafe = unsafe or re.search(r"^(Trying to load unsupported .*)$", text, re.M)
    reason = unsafe.group(1).rstrip(".") if unsafe else text.partition("\n")[0]
    known = not isinstance(error, KeyError) and not reason.startswith("Unsupported operand")
    return reason if reason and known else DAMAGED


def split(content: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Split a checkpoint into its tensors, without wrappers' prefixes, and the names of the rest.

    Raises:
        InputError: The state dict holds something that is not a tensor.
    """
    state = find_state(content)
    rest = {
        str(name): NO_TENSOR
        for name, value in content.items()
        if state is not content and name not in STATE_NAMES
    }
    tensors = {str(name): as_tensor(str(name), value).detach() for name, value in state.items()}
    return strip_wrappers(tensors), rest
