"""Scalars of several runs make one curve."""

import json
from pathlib import Path

from mmhg.visualization import read_scalars


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


def test_without_logs_there_is_nothing(tmp_path: Path) -> None:
    assert read_scalars(tmp_path) == ({}, {})
