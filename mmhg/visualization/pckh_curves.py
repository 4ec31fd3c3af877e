"""PCKh over the threshold: one panel per group of joints, one line per prediction file."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def plot_pckh_curves(
    curves: Mapping[str, Mapping[str, np.ndarray]], thresholds: np.ndarray, target: Path
) -> None:
    """Draw the curves of `mmhg.evaluation.pckh.group_curves`.

    Args:
        curves: By name of the file, then of the group: (T,) percent.
        thresholds: (T,) head sizes.
        target: The image to write.
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
