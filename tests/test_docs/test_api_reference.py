"""Every public name is in the API reference."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import mmhg
from test_docs.pages import ROOT

INTERNAL = {"mmhg.benchmark", "mmhg.compat", "mmhg.utils"}
PACKAGES = [
    f"mmhg.{module.name}"
    for module in pkgutil.iter_modules(mmhg.__path__)
    if module.ispkg and f"mmhg.{module.name}" not in INTERNAL
]


def page_of(package: str) -> str:
    return package.removeprefix("mmhg.")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_has_a_page(package: str) -> None:
    page = ROOT / f"docs/api/{page_of(package)}.md"
    directives = re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE)
    assert directives[0] == package
    assert f"api/{page.name}" in (ROOT / "mkdocs.yml").read_text("utf-8")
    assert f"({page.name})" in (ROOT / "docs/api/index.md").read_text("utf-8")

    # The package's directive has its classes and functions, except constants and functions that are
    # named like their module.
    module = importlib.import_module(package)
    submodules = {submodule.name for submodule in pkgutil.iter_modules(module.__path__)}
    apart = {
        name
        for name in module.__all__
        if name in submodules
        or not (inspect.isroutine(value := vars(module)[name]) or inspect.isclass(value))
    }
    assert {directive.rsplit(".", 1)[1] for directive in directives[1:]} == apart


@pytest.mark.skipif(not find_spec("mkdocs"), reason="needs what `make docs` installs")
def test_site(tmp_path: Path) -> None:
    """The site builds without a warning, and has an entry for each public name."""
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    for package in PACKAGES:
        page = tmp_path / f"site/api/{page_of(package)}.html"
        entries = re.findall(r'id="(mmhg\.[\w.]+)"', page.read_text("utf-8"))
        public = set(importlib.import_module(package).__all__)
        assert not public - {entry.rsplit(".", 1)[1] for entry in entries}, package
