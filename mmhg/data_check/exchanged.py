"""Left and right, or neighbors, exchanged: each person against the others."""

from __future__ import annotations

from collections.abc import Sequence

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.records import Source


def check_exchanged(sources: Sequence[Source]) -> tuple[list[Finding], list[Example]]:
    return [], []
