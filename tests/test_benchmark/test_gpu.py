"""The GPU check in miniature: its steps, its page, and what counts as a failure."""

import subprocess
from pathlib import Path

import pytest
import torch

from mmhg.benchmark import gpu
from mmhg.benchmark.steps import run_steps
from mmhg.errors import InputError


def test_tables_in_miniature(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu, "TINY_BATCHES", {1: 2})
    steps = gpu.gpu_steps({}, minutes=1, seconds=0, miniature=True)
    assert [step.name for step in steps] == ["tests", "step hg1", "inference hg1", "loader"]
    pages: list[str] = []
    report = run_steps(
        steps[1:],
        tmp_path,
        {"GPU": "none"},
        lambda report: pages.append(gpu.page(report)),
        isolated=False,
    )
    assert gpu.failures(report) == []
    assert "**There is no GPU here.**" in pages[-1]
    assert "**Training step on cpu, 1 stack at 64 px, batch 2**" in pages[-1]
    assert pages[-1].count("| ours, --amp, with_cp |") == 1
    assert pages[-1].count("| fast, bfloat16 |") == 2  # two batch sizes
    assert "px JPEGs, MPII's sizes of people, 2 workers" in pages[-1]
    # Each result is on the page as it comes.
    first = next(page for page in pages if "| step hg1 | done |" in page)
    assert "| inference hg1 | to do |" in first


def test_steps_on_a_gpu_are_the_valuable_ones_first():
    steps = gpu.gpu_steps(
        {"mine": None, "yours": None},
        minutes=3,
        seconds=5,
        miniature=False,  # type: ignore
    )
    names = [step.name for step in steps]
    assert names[0] == "tests" and names[-1] == "compiled inference hg8"
    assert names.index("step hg8") < names.index("train mine") < names.index("compiled step hg2")
    by_name = {step.name: step.settings for step in steps}
    assert by_name["train yours"]["minutes"] == 3
    assert by_name["step hg8"] == dict(device="cuda", seconds=5, stacks=8, batch=64)
    assert by_name["compiled inference hg2"]["batches"] == (1, 32)


def test_batches_are_halved_until_they_fit(monkeypatch):
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    monkeypatch.setattr(gpu.gc, "collect", lambda: None)

    def measure(batch: int) -> list:
        if batch > 20:
            raise torch.OutOfMemoryError("too many")
        return [batch]

    assert gpu.largest_that_fits(measure, 64) == [16]
    with pytest.raises(torch.OutOfMemoryError):
        gpu.largest_that_fits(lambda batch: measure(21), 4)


def test_failing_tests_are_named(tmp_path, monkeypatch):
    tests = tmp_path / "tests/test_gpu"
    tests.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = gpu: as in this repository\n")
    (tests / "test_made.py").write_text(
        "import pytest\npytestmark = pytest.mark.gpu\n"
        "def test_good(): pass\ndef test_bad(): assert 0\n"
        "@pytest.mark.skip\ndef test_left_out(): pass\n"
    )
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    result = gpu.gpu_tests(tmp_path)
    assert result == dict(tests=3, failures=1, errors=0, skipped=1, failed=["test_bad"])
    assert "assert 0" in (tmp_path / "tests.txt").read_text()
    report = {"steps": {"tests": {"state": "done", "result": result}, "x": {"state": "failed"}}}
    assert gpu.failures(report) == ["x", "test test_bad"]

    def crash(*args, **settings) -> subprocess.CompletedProcess:
        return subprocess.CompletedProcess([], -11, stdout="boom", stderr="")

    (tmp_path / "tests.xml").unlink()
    monkeypatch.setattr(gpu.subprocess, "run", crash)
    with pytest.raises(InputError, match="status -11: boom"):
        gpu.gpu_tests(tmp_path)


def test_missing_pytest_and_missing_tests_are_said(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    with pytest.raises(InputError, match="the tests run from a clone"):
        gpu.gpu_tests(tmp_path)
    monkeypatch.setattr(gpu, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pytest is not installed"):
        gpu.gpu_tests(tmp_path)


def test_page_has_the_scores_and_the_errors():
    done = {"state": "done", "seconds": 61.5}
    steps = {
        "train mine": done | {"result": {"images_per_second": 1234.5678, "scores": {"PCK": 60.0}}},
        "loader": {"state": "failed", "error": "no memory", "seconds": 2.0},
    }
    page = gpu.page({"machine": {"GPU": "X100", "CUDA": "13.0"}, "steps": steps})
    assert "no GPU" not in page and "| GPU | X100 |" in page
    assert "- images per second: 1235\n- PCK: 60\n" in page
    assert "## loader: failed\n\n```text\nno memory\n```" in page
    assert "| train mine | done | 61.5 |" in page
