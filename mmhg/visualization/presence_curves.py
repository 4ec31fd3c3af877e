"""Precision over recall of telling whether joints are there."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def plot_presence_curves(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], target: Path) -> None:
    """Draw one line per curve.

    Args:
        curves: By label: recall and precision (T,), each in 0..1.
        target: The image to write.
    """
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for label, (recall, precision) in curves.items():
        axes.step(100 * recall, 100 * precision, where="pre", label=label)
    axes.set(xlabel="recall (%)", ylabel="precision (%)", xlim=(0, 100), ylim=(0, 102))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    figure.savefig(target, dpi=110)
