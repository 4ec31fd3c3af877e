"""Write PyTorch's files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch

from mmhg.utils.files import replacing


def write_pytorch(path: Path, content: Any) -> None:
    """Write a checkpoint whole or not at all.

    `torch.save` on a path reports a full disk without the system's reason, so it writes to memory.

    Raises:
        InputError: The system refuses to write there.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with replacing(path, durable=True) as partial:
        partial.write_bytes(buffer.getbuffer())
