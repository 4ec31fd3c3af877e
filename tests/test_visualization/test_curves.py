"""Scalars of several runs make one curve."""

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from mmhg.visualization import plot_curves, read_scalars


def write(folder: Path, records: list[dict]) -> None:
    folder.mkdir(parents=True)
    (folder / "scalars.json").write_text("".join(json.dumps(r) + "\n" for r in records))


def test_a_resumed_run_replaces_steps(tmp_path: Path) -> None:
    first = [
        dict(loss=3.0, iter=50, step=50),
        {"PCKh@0.5": 10.0, "step": 1},
        dict(loss=2.0, iter=100, step=100),
    ]
    second = [
        dict(loss=1.5, iter=100, step=100),
        {"PCKh@0.5": 20.0, "step": 2},
    ]
    write(tmp_path / "20260101_000000/vis_data", first)
    write(tmp_path / "20260101_010000/vis_data", second)
    train, validation = read_scalars(tmp_path)
    assert {step: record["loss"] for step, record in train.items()} == {50: 3.0, 100: 1.5}
    assert {step: record["PCKh@0.5"] for step, record in validation.items()} == {
        50: 10.0,
        100: 20.0,
    }


def test_a_run_that_was_killed(tmp_path: Path) -> None:
    """It leaves half a line, and the next one makes up for its validation first."""
    write(tmp_path / "20260101_000000/vis_data", [dict(loss=3.0, iter=50, step=50)])
    with (tmp_path / "20260101_000000/vis_data/scalars.json").open("a") as file:
        file.write('{"PCKh@0.5": 10.0, "st')
    write(tmp_path / "20260101_010000/vis_data", [{"PCKh@0.5": 20.0, "step": 1}])
    train, validation = read_scalars(tmp_path)
    assert list(train) == [50]
    assert validation == {50: {"PCKh@0.5": 20.0, "step": 1}}


def test_without_logs_there_is_nothing(tmp_path: Path) -> None:
    assert read_scalars(tmp_path) == ({}, {})


@pytest.mark.parametrize(
    ("validation", "limits", "unit", "label"),
    [
        ({"PCKh@0.5": 0.7, "Head": 5.0}, (0, 100), "%", "validation PCKh@0.5, last 0.7"),
        ({"coco/AP": 0.732, "coco/AP (M)": -1.0, "time": 3.0}, (0, 1), "share (1 is perfect)",
         "validation coco/AP, last 0.732"),
    ],
)  # fmt: skip
def test_axes_fit_percent_and_shares(
    validation: dict[str, float],
    limits: tuple[float, float],
    unit: str,
    label: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    losses = {f"loss_stack{stack}": 0.1 for stack in range(11)}
    records = [dict(losses, loss=1.1, acc_pose=0.5, iter=50, step=50), dict(validation, step=1)]
    write(tmp_path / "20260101_000000/vis_data", records)
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
    plot_curves(tmp_path, tmp_path / "curves.png", next(iter(validation)))
    left, right = drawn[0].axes
    names = [text.get_text() for text in left.get_legend().get_texts()]
    assert names == [f"stack {stack}" for stack in range(1, 12)]
    assert (right.get_ylim(), right.get_ylabel()) == (limits, unit)
    accuracy, score = right.get_lines()
    assert accuracy.get_ydata()[0] == 0.5 * limits[1]
    assert score.get_label() == label
