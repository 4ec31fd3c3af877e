"""Draw errors of keypoints, and the calibration of their confidences."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_TITLE = 48
"""Characters of a line."""

_BAR_INCHES = 0.22
_MOST_LABELS = 80
"""Keypoints whose names are written; of more, such as a dense face's, every second or third."""


class Bins(Protocol):
    """Say what is drawn of `mmhg.evaluation.calibration.Reliability`."""

    @property
    def edges(self) -> np.ndarray: ...
    @property
    def counts(self) -> np.ndarray: ...
    @property
    def confidences(self) -> np.ndarray: ...
    @property
    def right(self) -> np.ndarray: ...


class KeypointPanel(NamedTuple):
    """A picture of one measure.

    Attributes:
        title: The measure.
        values: By the file's name, then the keypoint's.
        highest: As `values`, of a second number that is marked, such as the 95th percentile; empty
            for none.
        highest_name: What it is called.
    """

    title: str
    values: Mapping[str, Mapping[str, float]]
    highest: Mapping[str, Mapping[str, float]] = {}
    highest_name: str = ""


def plot_keypoints(
    panels: Sequence[KeypointPanel], target: Path, curves: Mapping[str, Bins] | None = None
) -> None:
    """Draw one panel per measure with a bar per keypoint and file, and the calibration beside them.

    Args:
        panels: The measures.
        target: The picture to write.
        curves: The calibration by the file's name, if any.
    """
    names = list(next(iter(panels[0].values.values())))
    files = list(panels[0].values)
    height = max(2.4, 1.2 + _BAR_INCHES * min(len(names), _MOST_LABELS) * (1 + 0.5 * len(files)))
    height = max(height, 5.0) if curves else height
    count = len(panels) + bool(curves)
    figure = Figure(figsize=(5.4 * count, height), layout="constrained")
    places = figure.subplots(1, count, squeeze=False)[0]
    for place, panel in zip(places, panels, strict=False):
        _bars(place, panel, names)
    if curves:
        _reliability(places[-1], curves)
    if len(files) > 1:
        handles, labels = places[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=min(len(labels), 3))
    figure.savefig(target, dpi=110)


def plot_reliability(curves: Mapping[str, Bins], target: Path) -> None:
    """Draw the share of right keypoints over their confidence, one line per curve.

    Args:
        curves: The bins by label, which may be empty.
        target: The picture to write.
    """
    figure = Figure(figsize=(5, 5.4), layout="constrained")
    _reliability(figure.subplots(), curves)
    figure.savefig(target, dpi=110)


def _bars(place: Axes, panel: KeypointPanel, names: Sequence[str]) -> None:
    rows = np.arange(len(names))
    thickness = 0.8 / len(panel.values)
    for number, (file, values) in enumerate(panel.values.items()):
        middle = rows + (number - (len(panel.values) - 1) / 2) * thickness
        place.barh(middle, [values[name] for name in names], thickness, label=file)
        if panel.highest:
            marks = [panel.highest[file][name] for name in names]
            place.plot(marks, middle, "|", color="black", markersize=6)
    step = -(-len(names) // _MOST_LABELS)
    place.set_yticks(rows[::step], names[::step])
    place.set_ylim(len(names) - 0.5, -0.5)
    place.set_xlim(left=0)
    title = f"{panel.title}; | {panel.highest_name}" if panel.highest else panel.title
    place.set_title(textwrap.fill(title, _TITLE), fontsize="medium")
    place.grid(axis="x", alpha=0.3)


def _reliability(place: Axes, curves: Mapping[str, Bins]) -> None:
    place.plot([0, 1], [0, 1], "--", color="gray")
    for name, curve in curves.items():
        filled = curve.counts > 0
        (line,) = place.plot(curve.confidences[filled], curve.right[filled], label=name or None)
        # The area of a dot is the share of keypoints in its bin.
        place.scatter(
            curve.confidences[filled],
            curve.right[filled],
            s=400 * curve.counts[filled] / curve.counts.sum() + 4,
            color=line.get_color(),
            alpha=0.6,
        )
    if any(curves):
        place.legend(fontsize="small", loc="upper left")
    place.set_title("calibration", fontsize="medium")
    place.set(xlabel="confidence", ylabel="share that is right", ylim=(-0.02, 1.02))
    place.set_xlim(left=0)
    place.grid(alpha=0.3)
