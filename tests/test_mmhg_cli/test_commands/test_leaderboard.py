"""`mmhg leaderboard`: the page in the repository, and one with one config of ours."""

import json
from pathlib import Path

import pytest

from mmhg.config.catalog import find_config

ROOT = Path(__file__).resolve().parents[3]
NAME = "hg1_mpii_256"


@pytest.fixture
def run(monkeypatch, tmp_path, call):
    """Call it with one config; gives its exit status and messages."""
    names = {NAME: find_config(NAME)}
    monkeypatch.setattr("mmhg.results.leaderboard.config_names", lambda: names)
    return lambda *flags: call(tmp_path, "leaderboard", *flags)


def test_the_page_in_the_repository_is_up_to_date(call):
    done = call(ROOT, "leaderboard", "--check")
    assert done.returncode == 0, done.stderr


def test_a_page_is_up_to_date_until_a_result_changes(run, tmp_path):
    page, results = tmp_path / "page.md", tmp_path / "results"
    results.mkdir()
    flags = ("-o", page, "--results", results)
    assert [run(*f, *flags).returncode for f in (["--check"], [], ["--check"])] == [1, 0, 0]
    before = page.read_text()
    assert NAME not in before and "Newell et al., 8 stacks" in before

    scores = {"protocol": "official", "PCKh@0.5": 88.25}
    (results / f"{NAME}.json").write_text(json.dumps(scores))
    done = run("--check", *flags)
    assert done.returncode == 1
    assert f"{page} is out of date: run mmhg leaderboard" in done.stderr
    assert page.read_text() == before
    assert run(*flags).returncode == 0
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
def test_bad_input(run, tmp_path, flag, content, message):
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    done = run(flag, bad, "-o", tmp_path / "page.md")
    assert done.returncode == 2
    assert message in done.stderr
    assert list(tmp_path.iterdir()) == [bad]


def test_bad_page(run, tmp_path):
    done = run("--results", tmp_path, "-o", tmp_path)
    assert done.returncode == 2
    assert f"error: cannot write {tmp_path}: " in done.stderr
    assert list(tmp_path.parent.glob(".*.partial*")) == []
