"""Read labels of MPII."""

from __future__ import annotations

from pathlib import Path

from mmhg.labels.labels import Labels


def recognizes(path: Path) -> bool:
    """Tell if labels are of MPII."""
    return False


def read(path: Path, images: Path | None = None) -> Labels:
    """Read labels of MPII."""
    raise NotImplementedError
