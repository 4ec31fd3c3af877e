"""`mmhg benchmark` prints its tables and writes the same to files."""

import json

import pytest

from mmhg.benchmark import steps
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


def test_a_part_or_gpu_must_be_named(call, tmp_path):
    done = call(tmp_path, "benchmark")
    assert done.returncode == 2
    assert "give a part to measure" in done.stderr and "or --gpu" in done.stderr


def test_gpu_check_in_miniature_goes_on_where_it_was(call, mpii_root, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "_apart", steps._run)  # saves a process that imports everything
    words = ["benchmark", "--gpu", "-o", "new", "--steps", "train", "--train", "hg1_mpii_256"]
    words += ["--data-root", str(mpii_root), "--minutes", "1"]
    words += ["--cfg-options", "val_dataloader.batch_size=3"]
    done = call(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "no GPU here: in miniature on the CPU" in done.stderr
    assert (tmp_path / "new/page.md").read_text() in done.stdout
    found = json.loads((tmp_path / "new/results.json").read_text())["steps"]
    assert found["loader"]["state"] == "to do"
    result = found["train hg1_mpii_256"]["result"]
    assert result["minutes"] == 0.01 and "PCKh@0.5" in result["scores"]
    assert (tmp_path / "new" / result["weights"]).stat().st_size > 10_000
    again = call(tmp_path, *words)
    assert "train hg1_mpii_256: done before" in again.stderr
    assert json.loads((tmp_path / "new/results.json").read_text())["steps"] == found


def test_gpu_check_says_what_it_lacks_before_anything_runs(call, tmp_path):
    words = ["benchmark", "--gpu", "-o", "new"]
    missing = call(tmp_path, *words, "--train", "hg1_mpii_256", "--data-root", "nowhere")
    assert missing.returncode == 2
    assert "there is no nowhere/annotations/mpii_train.json, the train data" in missing.stderr
    unknown = call(tmp_path, *words, "--steps", "hg3")
    assert unknown.returncode == 2
    assert "--steps hg3: no step begins or ends so: tests, step hg1, " in unknown.stderr
    assert not (tmp_path / "new").exists()
