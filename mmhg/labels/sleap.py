"""Read labels of SLEAP."""

from __future__ import annotations

from pathlib import Path

from mmhg.labels.labels import Labels


def recognizes(path: Path) -> bool:
    """Tell if labels are of SLEAP."""
    return False


def read(path: Path, images: Path | None = None) -> Labels:
    """Read labels of SLEAP."""
    raise NotImplementedError
