"""Tell bad input from a mistake in the code."""

from __future__ import annotations

import re
import traceback
from pathlib import Path

import mmhg
from mmhg.checkpoints.reading import FILE_ERRORS
from mmhg.errors import InputError
from mmhg_cli.empty_dataset import explain_empty_dataset
from mmhg_cli.lost_process import explain_lost_process

PACKAGE = Path(mmhg.__file__).resolve().parent


def explain(error: Exception) -> str | None:
    """Return a message for the user if their input explains `error`, else None.

    Such errors are InputError, what the system refuses (a file that cannot be opened, a full disk),
    and a config that lacks a setting or whose types and arguments do not fit. All other input is
    checked before it is used.
    """
    if isinstance(error, (InputError, *FILE_ERRORS)):
        return without_worker_traceback(error)
    if known := explain_lost_process(error) or explain_empty_dataset(error):
        return known
    if isinstance(error, OSError):
        return of_the_system(error)
    frames = traceback.extract_tb(error.__traceback__)
    lacks = isinstance(error, (AttributeError, KeyError))
    if lacks and frames[-1].filename.endswith("mmengine/config/config.py"):
        return f"the config lacks a setting: {error}"
    if raised_while_building(error, frames):
        return str(error.args[0])
    return None


def of_the_system(error: OSError) -> str:
    """Say what the system refused, a full disk for example; the file is not always known."""
    reason = error.strerror or without_worker_traceback(error) or type(error).__name__
    return f"the system says: {reason}" + (f": {error.filename}" if error.filename else "")


def without_worker_traceback(error: Exception) -> str:
    """Return the message of `error` without the traceback that a data loader's worker adds."""
    text = str(error)
    if "Original Traceback (most recent call last):" in text:
        raised = re.compile(rf"^(?:\w+\.)*{type(error).__name__}: ", re.MULTILINE)
        text = raised.split(text)[-1].strip()
    return text


def raised_while_building(error: Exception, frames: traceback.StackSummary) -> bool:
    """Tell if `error` came from mmengine's registry, or from a constructor that it calls."""
    if not error.args or not isinstance(error, (AssertionError, KeyError, TypeError, ValueError)):
        return False
    for frame in reversed(frames):
        if frame.filename.endswith("mmengine/registry/build_functions.py"):
            return True
        if isinstance(error, KeyError):  # outside of the registry, a key says too little
            return False
        ours = PACKAGE in Path(frame.filename).parents
        if frame.name != "__init__" and (ours or isinstance(error, TypeError)):
            return False
    return False
