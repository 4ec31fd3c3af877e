"""`tools/benchmark.py` prints its tables and writes the same to files."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmhg.benchmark.measure import Candidate, compare

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("benchmark_tool", ROOT / "tools/benchmark.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.fixture
def parts(tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts that take no time."""

    def part(args):
        run = Candidate("plain", lambda: sum(range(1000)))
        return [compare("made", "sum", [run, run], seconds=args.seconds, min_rounds=1)]

    monkeypatch.setattr(tool, "PARTS", {"inference": part, "metric": part})
    # Another process would not see them.
    monkeypatch.setattr(tool, "in_own_process", tool.measure)


def test_all_parts_are_measured_and_written(tool, parts, tmp_path, capsys):
    tool.main(["all", "--seconds", "0", "--output", str(tmp_path / "new")])
    page = (tmp_path / "new/benchmarks.md").read_text()
    assert page in capsys.readouterr().out
    assert page.index("## Inference") < page.index("## Metric")
    numbers = json.loads((tmp_path / "new/benchmarks.json").read_text())
    assert list(numbers["parts"]) == ["inference", "metric"]
    assert (tmp_path / "new/benchmarks.png").stat().st_size > 1000


def test_one_part_alone(tool, parts, tmp_path, capsys):
    tool.main(["metric", "--seconds", "0"])
    out = capsys.readouterr().out
    assert "## Metric" in out and "## Inference" not in out


def test_an_unknown_peer_ends_with_a_message():
    command = [sys.executable, ROOT / "tools/benchmark.py", "inference", "--peer", "nobody:network"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "error: --peer nobody:network: No module named" in done.stderr
