"""Plot scores over the stacks: the paper's Figure 9 for one network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mmhg.refinement.scores import Scores, decimals

_SIDE_SCORES = ("AUC", "UBody")
"""Scores that are missing from the second panel, which shows parts of the body."""


def plot_stack_scores(scores: Scores, target: Path) -> None:
    """Draw the first score after each stack, and the gain of the others over the first stack.

    Args:
        scores: Scores after each stack, by name; the first name matters most.
        target: The picture to write.
    """
    stacks = range(1, len(scores) + 1)
    headline, *others = scores[0]
    digits = decimals(scores)
    names = [name for name in others if "@" not in name and name not in _SIDE_SCORES] or others
    figure = Figure(figsize=(10, 4), layout="constrained")
    values, gains = figure.subplots(1, 2)
    height = [of_stack[headline] for of_stack in scores]
    values.plot(stacks, height, "o-", color="#46039f", linewidth=2, markersize=7, clip_on=False)
    values.margins(x=0.15, y=0.25)
    percent = digits == 1
    low, high = _keep_within(values, 100 if percent else 1)
    for stack, value in zip(stacks, height, strict=True):
        text, beside = f"{value:.{digits}f}", 8 if value < high - 0.1 * (high - low) else -16
        values.annotate(text, (stack, value), (0, beside), textcoords="offset points", ha="center")
    unit = "%" if percent else "share (1 is perfect)"
    values.set(title=f"{headline} after each stack", ylabel=unit)

    for name in names:
        gain = np.array([of_stack[name] - scores[0][name] for of_stack in scores])
        if np.isfinite(gain[-1]):
            gains.plot(stacks, gain, "o-", label=_change(name, scores, digits))
    gains.axhline(0, color="0.6", linewidth=0.8)
    unit = "percentage points" if percent else "share"
    gains.set(title="gain on the first stack", ylabel=unit)
    if gains.get_legend_handles_labels()[0]:
        gains.legend(fontsize=9)
    for axes in (values, gains):
        _by_stack(axes, stacks)
    figure.savefig(target, dpi=110)


def _change(name: str, scores: Scores, digits: int) -> str:
    return f"{name}: {scores[0][name]:.{digits}f} to {scores[-1][name]:.{digits}f}"


def _keep_within(axes: Axes, whole: float) -> tuple[float, float]:
    """Limit the axis to 0 and `whole` if no score lies beyond, and return its limits."""
    low, high = axes.get_ylim()
    if axes.dataLim.y0 >= 0:
        low = max(low, 0)
    if axes.dataLim.y1 <= whole:
        high = min(high, whole)
    axes.set_ylim(low, high)
    return low, high


def _by_stack(axes: Axes, stacks: Sequence[int]) -> None:
    axes.set(xlabel="stack")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set_xlim(0.7, len(stacks) + 0.3)
    axes.grid(alpha=0.3)
