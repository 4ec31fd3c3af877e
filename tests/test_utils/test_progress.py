"""Progress is told on standard error, and passes items on as they come."""

import pytest

from mmhg.utils import progress
from mmhg.utils.progress import with_progress


def test_about_ten_lines_and_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(0, 1000, 2))  # 2 s pass between one line and the next
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))
    assert list(with_progress(range(20), 20, "figures")) == list(range(20))
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert not out
    assert len(lines) == 10
    assert lines[0] == "figures: 2 of 20, about 18 s left"  # 2 s for 2 items, 18 to come
    assert lines[-1] == "figures: 20 of 20, about 0 s left"


def test_items_are_not_taken_ahead_of_time(capsys: pytest.CaptureFixture[str]) -> None:
    items = with_progress(iter([1, 2]), 2, "items")
    assert next(items) == 1
    assert not capsys.readouterr().err
    assert list(items) == [2]


def test_on_a_terminal_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True)
    assert list(with_progress("ab", 2, "letters")) == ["a", "b"]
    err = capsys.readouterr().err
    assert "letters" in err
    assert "of 2" not in err


def test_work_that_is_done_before_the_delay_reports_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    items = with_progress(range(20), 20, "people", delay=1.0)
    for _ in range(15):
        next(items)
    assert not capsys.readouterr().err
    now = 1.5
    assert list(items) == [15, 16, 17, 18, 19]
    assert capsys.readouterr().err.splitlines() == [
        "people: 16 of 20, about 0 s left",
        "people: 18 of 20, about 0 s left",
        "people: 20 of 20, about 0 s left",
    ]
    assert list(with_progress([], 0, "nobody", delay=1.0)) == []
