"""What the command line tools share: bad input ends them with a message and exit status 2."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from mmhg.errors import InputError

EXIT_BAD_INPUT = 2

DAMAGED = "it is damaged, or not a PyTorch checkpoint"

PACKAGE = Path(__file__).resolve().parent
FILE_ERRORS = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError, URLError)


@contextmanager
def exit_on_bad_input() -> Iterator[None]:
    """Turn bad input into a message on standard error and exit status 2.

    Errors that a mistake in the code may explain keep their traceback.
    """
    try:
        yield
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


def explain(error: Exception) -> str | None:
    """The message for the user if what they handed in explains ``error``, else None.

    That is an InputError, a file that cannot be opened, a checkpoint that cannot be loaded, or a
    config that lacks a setting or whose types and arguments do not fit.
    """
    if isinstance(error, (InputError, *FILE_ERRORS)):
        return without_worker_traceback(error)
    checkpoint = checkpoint_being_loaded(error)
    if checkpoint is not None:
        return f"checkpoint {checkpoint} cannot be loaded: {reason_of_torch(error)}"
    frames = traceback.extract_tb(error.__traceback__)
    if frames[-1].filename.endswith("mmengine/config/config.py"):
        return f"the config lacks a setting: {error}"
    if raised_while_building(error, frames):
        return str(error.args[0])
    return None


def without_worker_traceback(error: Exception) -> str:
    """The message of ``error`` alone, where a data loader's worker put a traceback around it."""
    text = str(error)
    if "Original Traceback (most recent call last):" in text:
        raised = re.compile(rf"^(?:\w+\.)*{type(error).__name__}: ", re.MULTILINE)
        text = raised.split(text)[-1].strip()
    return text


def checkpoint_being_loaded(error: Exception) -> str | None:
    """The checkpoint file that mmengine was reading when ``error`` was raised, if it was."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "load_from_local":
            return frame.f_locals["filename"]
    return None


def reason_of_torch(error: Exception) -> str:
    """What went wrong in ``torch.load``, without its advice to load without a safety check."""
    text = str(error)
    unsafe = re.search(r"WeightsUnpickler error:\s*(.+?)(?: was not an allowed|$)", text, re.M)
    unsafe = unsafe or re.search(r"^(Trying to load unsupported .*)$", text, re.M)
    reason = unsafe.group(1).rstrip(".") if unsafe else text.partition("\n")[0]
    return DAMAGED if not reason or reason.startswith("Unsupported operand") else reason


def raised_while_building(error: Exception, frames: traceback.StackSummary) -> bool:
    """Whether settings explain ``error``: it left mmengine's registry, or what that constructs."""
    if not error.args or not isinstance(error, (AssertionError, KeyError, TypeError, ValueError)):
        return False
    for frame in reversed(frames):
        if frame.filename.endswith("mmengine/registry/build_functions.py"):
            return True
        if isinstance(error, KeyError):  # elsewhere than in the registry, a key says too little
            return False
        ours = PACKAGE in Path(frame.filename).parents
        if frame.name != "__init__" and (ours or isinstance(error, TypeError)):
            return False
    return False
