"""What the command line tools share: bad input ends them with a message and exit status 2."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError

from mmhg.errors import InputError

EXIT_BAD_INPUT = 2

FILE_ERRORS = (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError, URLError)
BUILD_ERRORS = (AssertionError, KeyError, TypeError, ValueError)


@contextmanager
def exit_on_bad_input() -> Iterator[None]:
    """Turn bad input into a message on standard error and exit status 2.

    Errors that only a mistake in the code can explain keep their traceback.
    """
    try:
        yield
    except Exception as error:
        if not is_bad_input(error):
            raise
        print(f"error: {message_of(error)}", file=sys.stderr)
        sys.exit(EXIT_BAD_INPUT)


def is_bad_input(error: Exception) -> bool:
    """Whether what the user handed in explains ``error``.

    That is an InputError, a file that cannot be opened, or a config whose types or arguments do
    not fit, which shows while mmengine builds an object from it.
    """
    if isinstance(error, (InputError, *FILE_ERRORS)):
        return True
    return isinstance(error, BUILD_ERRORS) and raised_while_building(error)


def raised_while_building(error: Exception) -> bool:
    """Whether ``error`` left mmengine's registry or runner, or a constructor that they called."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename.endswith("build_functions.py") or frame.name == "from_cfg":
            return True
        if frame.name != "__init__":
            return False
    return False


def message_of(error: Exception) -> str:
    """The message of ``error``, without the traceback that a data loader's worker puts into it."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    if "Original Traceback (most recent call last):" in text:
        last_raised = re.compile(rf"^(?:\w+\.)*{type(error).__name__}: ", re.MULTILINE)
        text = last_raised.split(text)[-1].strip()
    return text or type(error).__name__
