"""Check ratios of interleaved runs, on a clock that the test moves."""

import itertools

import pytest

from mmhg.benchmark import measure
from mmhg.benchmark.measure import Candidate, compare, count


@pytest.fixture
def clock(monkeypatch):
    """Make a clock that moves only by `advance`."""

    class Clock:
        now = 0.0

        def advance(self, seconds: float) -> None:
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(measure.time, "perf_counter", lambda: clock.now)
    return clock


def test_ratio_is_the_median_over_rounds_and_values_are_per_unit(clock):
    # Two runs of each to warm up, then rounds of one run each, being longer than a turn. The
    # machine is ten times slower in the third round: ratios do not notice.
    slowness = itertools.chain([1] * 8, [10, 10], itertools.repeat(1))
    candidates = [
        Candidate("plain", lambda: clock.advance(8 * next(slowness)), units=4),
        Candidate("ours", lambda: clock.advance(2 * next(slowness)), units=4, goal=3, note="x"),
    ]
    table = compare("networks", "image", candidates, seconds=0, min_rounds=4)
    assert (table.title, table.unit) == ("networks", "ms per image")
    plain, ours = table.rows
    assert (plain.value, plain.ratio, plain.spread) == (2000, 1, (1, 1))
    assert (ours.value, ours.ratio, ours.spread) == (500, 4, (4, 4))
    assert (ours.goal, ours.note) == (3, "x")


def test_candidates_take_turns_and_the_first_runs_only_warm_up(clock):
    turns = []

    def run(name, seconds):
        turns.append(name)
        clock.advance(seconds)

    candidates = [Candidate(name, lambda name=name: run(name, 1)) for name in "ab"]
    compare("order", "image", candidates, seconds=5, min_rounds=1)
    # Each round takes two seconds: three rounds until five seconds have passed.
    assert turns == ["a", "a", "b", "b"] + ["a", "b"] * 3


def test_a_turn_repeats_what_is_short(clock, monkeypatch):
    monkeypatch.setattr(measure, "TURN", 1.0)
    turns = []

    def run(name, seconds):
        turns.append(name)
        clock.advance(seconds)

    candidates = [
        Candidate("long", lambda: run("long", 2), units=2),
        Candidate("short", lambda: run("short", 0.25), units=4),
    ]
    table = compare("turns", "image", candidates, seconds=1, min_rounds=1)
    assert turns == ["long"] * 2 + ["short"] * 2 + ["long"] + ["short"] * 4
    assert [row.value for row in table.rows] == [1000, 62.5]
    assert table.rows[1].ratio == 16


def test_counted_values_are_related_to_the_first():
    table = count("bytes", "kB", {"plain": 460, "ours": 200}, goals={"ours": 2.3})
    assert [row.ratio for row in table.rows] == [1, 2.3]
    assert [row.goal for row in table.rows] == [None, 2.3]
    assert count("waits", "waits", {"plain": 6, "ours": 0}).rows[1].ratio == float("inf")
