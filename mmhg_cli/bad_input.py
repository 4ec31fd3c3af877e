"""What the command line tools share: bad input ends them with a message and exit status 2.

Ctrl-C ends them with exit status 130, as a shell has it for programs that a signal ended.
"""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mmhg
from mmhg.checkpoints.reading import FILE_ERRORS, reason_of_torch
from mmhg.errors import InputError

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

PACKAGE = Path(mmhg.__file__).resolve().parent


@contextmanager
def exit_on_bad_input() -> Iterator[None]:
    """Turn bad input into a message on standard error and exit status 2.

    Errors that a mistake in the code may explain keep their traceback. Ctrl-C ends without one.
    """
    try:
        yield
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


def explain(error: Exception) -> str | None:
    """The message for the user if what they handed in explains ``error``, else None.

    That is an InputError, a file that cannot be opened, a checkpoint that cannot be loaded, a
    --cfg-options that is not KEY=VALUE, or a config that lacks a setting or whose types and
    arguments do not fit.
    """
    if isinstance(error, (InputError, *FILE_ERRORS)):
        return without_worker_traceback(error)
    checkpoint = checkpoint_being_loaded(error)
    if checkpoint is not None:
        return f"checkpoint {checkpoint} cannot be loaded: {reason_of_torch(error)}"
    if message := option_not_understood(error) or hook_left_out(error) or loader_refused(error):
        return message
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


def option_not_understood(error: Exception) -> str | None:
    """What is wrong with a --cfg-options, if mmengine's parser of them raised ``error``."""
    settings = locals_where(error, "mmengine/config/config.py", "__call__")
    if "kv" not in settings:
        return None
    option, given = settings.get("option_string"), settings["kv"]
    reason = f": {error}" if "=" in given else ""
    return (
        f"{option} takes KEY=VALUE, such as train_dataloader.batch_size=16, got {given!r}{reason}"
    )


def hook_left_out(error: Exception) -> str | None:
    """Which of the default hooks is None, if it is one that mmengine does not know."""
    settings = locals_where(error, "mmengine/runner/runner.py", "register_default_hooks")
    if not isinstance(error, AssertionError) or settings.get("hook", "") is not None:
        return None
    name = f"default_hooks.{settings['name']}"
    return (
        f"{name}=None: MMEngine leaves out only its own hooks so; switch this one off by "
        f"{name}.enable=False, if it has that argument, or delete it from the config"
    )


def loader_refused(error: Exception) -> str | None:
    """What PyTorch says of a data loader's settings, if it refused them."""
    settings = locals_where(error, "mmengine/runner/runner.py", "build_dataloader")
    raised = traceback.extract_tb(error.__traceback__)[-1].filename
    if not settings or not isinstance(error, (TypeError, ValueError)):
        return None
    if "/torch/utils/data/" not in Path(raised).as_posix():
        return None
    called = [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]
    kinds = [kind for kind in ("train", "val", "test") if f"build_{kind}_loop" in called]
    name = f"{kinds[0]}_dataloader" if kinds else "data loader"
    return f"the config's {name} cannot be built: {error}"


def locals_where(error: Exception, file: str, function: str) -> dict[str, Any]:
    """The variables of ``function``, at the time that ``error`` passed through it, or nothing."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_name == function and Path(code.co_filename).as_posix().endswith(file):
            return dict(frame.f_locals)
    return {}


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
