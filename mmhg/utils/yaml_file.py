"""Read YAML that users hand in: as data, and only files of a size that a person writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from mmhg.errors import InputError
from mmhg.utils.files import read_bytes

LARGEST_YAML = 500_000
"""Bytes. The names of 1,000 classes are 20,000; PyYAML reads some 100,000 in a second."""


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file in UTF-8 or UTF-16.

    Raises:
        InputError: The file cannot be read, is too large, or is not YAML of plain data.
    """
    data = read_bytes(path)
    if len(data) > LARGEST_YAML:
        raise InputError(f"{path} has {len(data):,} bytes, more than a YAML file that people write")
    try:
        return yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except Exception as error:  # dates and numbers that only look like some, and deep nesting
        raise InputError(f"{path} is not YAML: {type(error).__name__}: {error}") from error
