"""Training curves from the logs that mmengine's local visualisation backend leaves."""

import json
from pathlib import Path

from matplotlib.figure import Figure

Records = dict[int, dict[str, float]]


def read_scalars(work_dir: Path) -> tuple[Records, Records]:
    """Everything logged in a work directory, over all of its runs (a resumed run replaces steps).

    Args:
        work_dir: Holds ``<timestamp>/vis_data/scalars.json``, a JSON object a line.

    Returns:
        Training and validation records, each by iteration. A validation's epoch-numbered record is
        put at the last training iteration logged before it.
    """
    train: Records = {}
    validation: Records = {}
    for path in sorted(work_dir.glob("*/vis_data/scalars.json")):
        iteration = 0
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if "iter" in record:
                iteration = int(record["iter"])
                train[iteration] = record
            elif "loss" in record:
                iteration = int(record["step"])
                train[iteration] = record
            else:
                validation[iteration] = record
    return dict(sorted(train.items())), dict(sorted(validation.items()))


def plot_curves(work_dir: Path, target: Path, score: str | None) -> None:
    """Draw the loss of every stack, the training accuracy and a validation score.

    Args:
        work_dir: As in :func:`read_scalars`.
        target: The picture to write.
        score: Name of the validation score; left out where it is None or was never measured.
    """
    train, validation = read_scalars(work_dir)
    figure = Figure(figsize=(11, 4), layout="constrained")
    losses, scores = figure.subplots(1, 2)
    iterations = list(train)
    names = sorted({name for record in train.values() for name in record if "loss_" in name})
    for name in names or ["loss"]:
        losses.plot(iterations, [train[i].get(name) for i in iterations], label=name)
    losses.set(xlabel="iteration", ylabel="loss", yscale="log", title="Training loss")
    losses.legend()

    accuracy = {i: 100 * r["acc_pose"] for i, r in train.items() if "acc_pose" in r}
    measured = {i: r[score] for i, r in validation.items() if score in r}
    if accuracy:
        label = "training accuracy (PCK@0.05 of heatmap)"
        scores.plot(list(accuracy), list(accuracy.values()), label=label, alpha=0.6)
    if measured:
        label = f"validation {score}, last {list(measured.values())[-1]:.1f}"
        scores.plot(list(measured), list(measured.values()), "o-", label=label)
    scores.set(xlabel="iteration", ylabel="%", ylim=(0, 100), title="Accuracy")
    if accuracy or measured:
        scores.legend(loc="lower right")
    for axes in (losses, scores):
        axes.grid(alpha=0.3)
    figure.savefig(target, dpi=110)
