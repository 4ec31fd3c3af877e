"""Notebooks as they are in the repository; `make notebook` executes them."""

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from test_docs.pages import ROOT
from test_docs.test_pages import command_of, options_of

NOTEBOOKS = sorted(ROOT.glob("docs/**/*.ipynb"))
each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(notebook: Path) -> list[dict]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_there_is_one() -> None:
    assert ROOT / "docs/notebooks/own_points.ipynb" in NOTEBOOKS


@each_notebook
def test_commands_and_their_options(notebook: Path) -> None:
    for cell in code_cells(notebook):
        first, _, shell = "".join(cell["source"]).partition("\n")
        if first != "%%sh":
            ast.parse("".join(cell["source"]))
            continue
        for line in shell.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if words[0] == "mmhg":
                given = {word for word in words if re.match(r"--?[a-z]", word)}
                assert not given - options_of(command_of(words[1:])) - {"-n"}, line


@each_notebook
def test_shows_the_outputs_of_one_run_in_order(notebook: Path) -> None:
    cells = code_cells(notebook)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert any("image/jpeg" in output.get("data", {}) for output in outputs)
    text = notebook.read_text("utf-8")
    assert len(text) < 300_000
    assert not re.search(r"(?<![\w.:/])/(?:home|root|tmp|work|Users)/", text)  # of a machine


@each_notebook
def test_is_in_the_navigation(notebook: Path) -> None:
    page = notebook.relative_to(ROOT / "docs").with_suffix(".md").as_posix()
    assert f": {page}" in (ROOT / "mkdocs.yml").read_text("utf-8")
