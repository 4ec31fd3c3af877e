"""Precision over recall of telling whether joints are there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from matplotlib.figure import Figure


class Curve(Protocol):
    """What is drawn: precision and recall (T,) in 0..1, area in percent."""

    @property
    def precision(self) -> np.ndarray: ...

    @property
    def recall(self) -> np.ndarray: ...

    @property
    def area(self) -> float: ...


def plot_presence_curves(curves: Mapping[str, Curve], target: Path) -> None:
    """Draw the curves of `mmhg.evaluation.presence`, a line a group of joints."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for group, curve in curves.items():
        axes.step(
            100 * curve.recall,
            100 * curve.precision,
            where="pre",
            label=f"{group}, AUC {curve.area:.1f}",
        )
    axes.set(xlabel="recall (%)", ylabel="precision (%)", xlim=(0, 100), ylim=(0, 102))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    figure.savefig(target, dpi=110)
