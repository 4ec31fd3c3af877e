"""Draw curves of scores: PCKh over the threshold, precision over recall."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def plot_pckh_curves(
    curves: Mapping[str, Mapping[str, np.ndarray]], thresholds: np.ndarray, target: Path
) -> None:
    """Draw the curves of `mmhg.evaluation.pckh.group_curves`, one panel per group of joints.

    Args:
        curves: By name of the file, then of the group: (T,) percent.
        thresholds: (T,) head sizes.
        target: The picture to write.
    """
    groups = list(next(iter(curves.values())))
    columns = 3
    rows = -(-len(groups) // columns)
    figure = Figure(figsize=(4 * columns, 2.8 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for panel, group in zip(panels, groups, strict=False):
        for name, by_group in curves.items():
            panel.plot(thresholds, by_group[group], label=name)
        panel.set(title=group, xlim=(0, thresholds[-1]), ylim=(0, 100))
        panel.grid(alpha=0.3)
    for panel in panels[len(groups) :]:
        panel.remove()
    figure.supxlabel("threshold (head sizes)")
    figure.supylabel("correct joints (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 3))
    figure.savefig(target, dpi=110)


def plot_presence_curves(curves: Mapping[str, tuple[np.ndarray, np.ndarray]], target: Path) -> None:
    """Draw precision over recall, one line per curve.

    Args:
        curves: By label: recall and precision (T,), each in 0..1.
        target: The picture to write.
    """
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for label, (recall, precision) in curves.items():
        axes.step(100 * recall, 100 * precision, where="pre", label=label)
    axes.set(xlabel="recall (%)", ylabel="precision (%)", xlim=(0, 100), ylim=(0, 102))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    figure.savefig(target, dpi=110)
