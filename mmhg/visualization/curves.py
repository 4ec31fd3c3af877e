"""Training curves from the logs that mmengine's local visualization backend leaves."""

import json
import re
from pathlib import Path

from matplotlib.figure import Figure

Records = dict[int, dict[str, float]]

_NO_SCORES = ("time", "data_time", "step")
"""Entries of a validation's record that are no scores."""

_MOST = 1e300
"""Larger ones cannot be drawn, nor can what is not finite."""


def read_scalars(work_dir: Path) -> tuple[Records, Records]:
    """Read everything logged in a work directory. A resumed run replaces steps of the earlier one.

    Args:
        work_dir: Has `<timestamp>/vis_data/scalars.json`, one JSON object per line.

    Returns:
        Training and validation records, each by iteration. A validation's record, which
        has the number of an epoch, gets the last training iteration logged before it.
    """
    train: Records = {}
    validation: Records = {}
    iteration = 0  # goes on: a resumed run may begin with the validation that the break prevented
    for path in sorted(work_dir.glob("*/vis_data/scalars.json")):
        for line in path.read_text(errors="replace").splitlines():
            record = _record(line)
            step = record.get("iter", record.get("step") if "loss" in record else None)
            if step is not None:
                iteration = int(step)
                train[iteration] = record
            elif record:
                validation[iteration] = record
    return dict(sorted(train.items())), dict(sorted(validation.items()))


def _record(line: str) -> dict[str, float]:
    """Read a line's numbers. A training that was killed leaves half a line, which has none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    found = record.items() if isinstance(record, dict) else ()
    kinds = (int, float)
    return {name: value for name, value in found if type(value) in kinds and abs(value) < _MOST}


def plot_curves(work_dir: Path, target: Path, score: str | None) -> None:
    """Draw the loss of every stack, the training accuracy and a validation score.

    Args:
        work_dir: As in `read_scalars`.
        target: The picture to write.
        score: Name of the validation score; left out where it is None or was never measured.
    """
    train, validation = read_scalars(work_dir)
    figure = Figure(figsize=(11, 4), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    iterations = list(train)
    names = {name for record in train.values() for name in record if "loss_" in name}
    for name in sorted(names, key=_in_order) or ["loss"]:
        losses.plot(iterations, [train[i].get(name) for i in iterations], label=_loss_label(name))
    losses.set(xlabel="iteration", ylabel="loss", yscale="log", title="Training loss")
    losses.legend()

    shares = _are_shares(validation)
    whole, digits = (1, 3) if shares else (100, 1)
    accuracy = {i: whole * r["acc_pose"] for i, r in train.items() if "acc_pose" in r}
    measured = {i: r[score] for i, r in validation.items() if score in r}
    if accuracy:
        label = "training accuracy (PCK@0.05 of heatmap)"
        scores.plot(list(accuracy), list(accuracy.values()), label=label, alpha=0.6)
    if measured:
        label = f"validation {score}, last {list(measured.values())[-1]:.{digits}f}"
        scores.plot(list(measured), list(measured.values()), "o-", label=label)
    ylabel = "share (1 is perfect)" if shares else "%"
    scores.set(xlabel="iteration", ylabel=ylabel, ylim=(0, whole), title="Accuracy")
    if accuracy or measured:
        scores.legend(loc="lower right")
    for axes in (losses, scores):
        axes.grid(alpha=0.3)
    figure.savefig(target, dpi=110)


def _are_shares(validation: Records) -> bool:
    """Tell if scores are fractions of 1, as COCO's AP, and not percent.

    All scores of all validations count, since a first PCKh may be less than 1 %.
    """
    scores = [
        value
        for record in validation.values()
        for name, value in record.items()
        if name not in _NO_SCORES and isinstance(value, int | float)
    ]
    return any(scores) and all(abs(score) <= 1 for score in scores)


def _loss_label(name: str) -> str:
    """Name the stack of a loss: `loss_stack0` belongs to stack 1."""
    stack = re.fullmatch(r"loss_stack(\d+)", name)
    return f"stack {int(stack[1]) + 1}" if stack else name


def _in_order(name: str) -> list[str | int]:
    """Split off numbers, so that stack 10 comes after stack 9."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
