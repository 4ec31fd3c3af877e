"""`mmhg benchmark` prints its tables and writes the same to files."""

import json

import pytest

from mmhg.benchmark.measure import Candidate, compare
from mmhg_cli.commands import benchmark


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the parts by two that take no time."""

    def measure(part, args):
        run = Candidate("plain", lambda: sum(range(1000)))
        return [compare("made", "sum", [run, run], seconds=args.seconds, min_rounds=1)]

    monkeypatch.setattr(benchmark, "PARTS", ("inference", "metric"))
    # Another process would not see them.
    monkeypatch.setattr(benchmark, "in_own_process", measure)


def test_all_parts_are_measured_and_written(call, parts, tmp_path):
    done = call(tmp_path, "benchmark", "all", "--seconds", 0, "-o", "new")
    page = (tmp_path / "new/benchmarks.md").read_text()
    assert page in done.stdout
    assert page.index("## Inference") < page.index("## Metric")
    numbers = json.loads((tmp_path / "new/benchmarks.json").read_text())
    assert list(numbers["parts"]) == ["inference", "metric"]
    assert (tmp_path / "new/benchmarks.png").stat().st_size > 1000


def test_one_part_alone(call, parts, tmp_path):
    out = call(tmp_path, "benchmark", "metric", "--seconds", 0).stdout
    assert "## Metric" in out and "## Inference" not in out


def test_an_unknown_peer_ends_with_a_message(call, tmp_path):
    done = call(tmp_path, "benchmark", "inference", "--peer", "nobody:network")
    assert done.returncode == 2
    assert "error: --peer nobody:network: No module named" in done.stderr
