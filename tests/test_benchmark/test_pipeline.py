"""The loader's benchmark: pixels are MMPose's, and shrunk images nearly so."""

import pytest

from mmhg.benchmark import pipeline


def test_loaders_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "BATCH", 2)
    table, two = pipeline.run(0, workers=(1, 2), images=2, people=3, samples=4)
    assert [row.name for row in table.rows] == ["MMPose", "default", "default, dataset shrunk"]
    assert [row.goal for row in table.rows] == [None, 1.5, 2.5]
    assert table.rows[1].note == "mean difference 0.0000 of 255"
    difference, bytes_left = table.rows[2].note.split("; ")
    assert 0 < float(difference.split()[2]) < 5
    assert int(bytes_left.split()[2].rstrip("%")) < 100
    assert two.title.endswith("2 workers")
    assert [row.goal for row in two.rows] == [None, None, None]
