"""Reading JSON that users hand in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmhg.errors import InputError


def read_json(path: str | Path) -> Any:
    """What a JSON file holds; raises InputError if it cannot be read or is none."""
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
