"""tools/leaderboard.py: the page in the repository, and the tool with one config of ours."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmhg.config.library import find_config

TOOL = Path(__file__).resolve().parents[2] / "tools/leaderboard.py"
NAME = "hg1_mpii_256"


@pytest.fixture
def run(monkeypatch):
    """Calls the tool in this process; gives its exit status."""
    names = {NAME: find_config(NAME)}
    monkeypatch.setattr("mmhg.results.leaderboard.config_names", lambda: names)
    spec = importlib.util.spec_from_file_location("leaderboard_tool", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def call(*arguments):
        try:
            tool.main([str(argument) for argument in arguments])
        except SystemExit as end:
            return end.code
        return 0

    return call


def test_the_page_in_the_repository_is_up_to_date():
    command = [sys.executable, str(TOOL), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_page_is_up_to_date_until_a_result_changes(run, tmp_path, capsys):
    page, results = tmp_path / "page.md", tmp_path / "results"
    results.mkdir()
    flags = ("--page", page, "--results", results)
    assert run("--check", *flags) == 1
    assert run(*flags) == 0
    assert run("--check", *flags) == 0
    before = page.read_text()
    assert f"**`{NAME}`**" in before and "Newell et al., 8 stacks" in before

    scores = {"protocol": "official", "PCKh@0.5": 88.25}
    (results / f"{NAME}.json").write_text(json.dumps(scores))
    capsys.readouterr()
    assert run("--check", *flags) == 1
    assert f"{page} is out of date: run python tools/leaderboard.py" in capsys.readouterr().err
    assert page.read_text() == before
    assert run(*flags) == 0
    (row,) = (line for line in page.read_text().splitlines() if f"**`{NAME}`**" in line)
    assert "[results](results/hg1_mpii_256.json)" in row and "88.2 |" in row
    assert sorted(tmp_path.iterdir()) == [page, results]


@pytest.mark.parametrize(
    ("flag", "content", "message"),
    [
        ("--published", '[{"name": "x"}]', "row 0 (from 0), 'x': must have exactly"),
        ("--published", "[", "bad.json is not JSON"),
        ("--results", "", "bad.json does not exist"),  # a file in place of the folder
    ],
)
def test_bad_input(run, tmp_path, capsys, flag, content, message):
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    assert run(flag, bad, "--page", tmp_path / "page.md") == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [bad]


def test_bad_page(run, tmp_path, capsys):
    assert run("--page", tmp_path) == 2
    assert f"error: cannot write {tmp_path}: " in capsys.readouterr().err
    assert list(tmp_path.parent.glob(".*.partial")) == []
