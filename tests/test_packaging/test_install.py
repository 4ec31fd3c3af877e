"""`make install`: what it runs, when it runs again, and what it says when it cannot."""

import ast
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("tools/dev", "requirements", "pyproject.toml", "setup.py")

# A Python that answers questions as the real one does, but notes what it is to make or install.
STUB = """#!/bin/sh
case "$*" in
  *_base_executable*) echo "$0" ;;
  "-m venv "*) echo venv >>"$LOG"; mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip "*) echo "$*" | sed 's/.* install //' >>"$LOG"; exit "${PIP_STATUS:-0}" ;;
  *"import mmhg"*) ;;
  *) exec {python} "$@" ;;
esac
"""

LIBRARIES = "-r requirements/torch.txt -r requirements/runtime.txt -r requirements/dev.txt"
OPENMMLAB = "--no-deps --no-build-isolation --use-pep517 -r requirements/openmmlab.txt"
MMHG = "--no-deps --no-build-isolation --editable ."
EVERYTHING = ["venv", LIBRARIES, OPENMMLAB, MMHG]


class Clone:
    """A clone whose installations are only noted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        for name in NEEDED:
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
        self.log = folder / "log"
        self.python = folder / "python"
        self.python.write_text(STUB.replace("{python}", sys.executable))
        self.python.chmod(0o755)

    def install(self, **variables: object) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "LOG": str(self.log), "PYTHON": str(self.python)}
        environment.update({name: str(value) for name, value in variables.items()})
        self.log.write_text("")
        script = str(self.folder / "tools/dev/install.sh")
        return subprocess.run([script], env=environment, capture_output=True, text=True)

    def steps(self, **variables: object) -> list[str]:
        result = self.install(**variables)
        assert result.returncode == 0, result.stderr
        return self.log.read_text().splitlines()


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_second_call_does_nothing(clone: Clone) -> None:
    assert clone.steps() == EVERYTHING
    assert clone.steps() == []
    # Without PYTHON it is the environment's own that counts.
    assert clone.steps(PYTHON="") == []


def test_changed_requirements_update_the_environment(clone: Clone) -> None:
    clone.steps()
    with (clone.folder / "requirements/runtime.txt").open("a") as file:
        file.write("# changed\n")
    assert clone.steps() == EVERYTHING[1:]


def test_moved_clone_makes_the_environment_anew(clone: Clone) -> None:
    clone.steps()
    clone.folder = clone.folder.rename(clone.folder.with_name("moved"))
    assert clone.steps() == EVERYTHING


def test_interrupted_installation_is_redone(clone: Clone) -> None:
    assert clone.install(PIP_STATUS=1).returncode == 1
    (clone.folder / ".venv/leftover").touch()
    assert clone.steps() == EVERYTHING
    assert not (clone.folder / ".venv/leftover").exists()


def test_torch_from_an_index_of_its_own(clone: Clone) -> None:
    torch = "--no-deps --index-url https://example.org/cpu -r requirements/torch.txt"
    steps = clone.steps(TORCH_INDEX_URL="https://example.org/cpu", VENV="other env")
    assert steps == ["venv", torch, *EVERYTHING[1:]]
    assert (clone.folder / "other env/bin/python").exists()


def test_pip_failure_names_the_way_out(clone: Clone) -> None:
    result = clone.install(PIP_STATUS=1)
    assert "PIP_INDEX_URL=URL make install" in result.stderr
    assert "PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER make install" in result.stderr


def test_folder_of_someone_else_is_left_alone(clone: Clone) -> None:
    venv = clone.folder / ".venv"
    venv.mkdir()
    (venv / "mine").touch()
    result = clone.install()
    assert result.returncode == 1
    assert ".venv exists, and 'make install' did not make it" in result.stderr
    assert [path.name for path in venv.iterdir()] == ["mine"]


def test_python_that_does_not_run(clone: Clone) -> None:
    result = clone.install(PYTHON="nosuch")
    assert result.returncode == 1
    assert "PYTHON=nosuch does not run" in result.stderr


def test_python_without_ensurepip(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "ensurepip.py").write_text("raise ImportError")
    result = clone.install(PYTHONPATH=tmp_path)
    assert result.returncode == 1
    major, minor = sys.version_info[:2]
    assert f"apt install python{major}.{minor}-venv" in result.stderr


@pytest.fixture
def check_python() -> ModuleType:
    path = ROOT / "tools/dev/check_python.py"
    spec = importlib.util.spec_from_file_location("check_python", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ((2, 7, 18), "too old: mmhg needs Python 3.10 to 3.13"),
        ((3, 9, 18), "too old: mmhg needs Python 3.10 to 3.13"),
        ((3, 10, 0), None),
        ((3, 13, 9), None),
        ((3, 14, 0), "too new: mmhg needs Python 3.10 to 3.13"),
    ],
)
def test_python_versions(
    version: tuple[int, int, int],
    problem: str | None,
    check_python: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert check_python.problem() == problem


def test_check_parses_on_any_python() -> None:
    tree = ast.parse((ROOT / "tools/dev/check_python.py").read_text())
    newer = (ast.JoinedStr, ast.AnnAssign, ast.NamedExpr, ast.Nonlocal, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(tree) if isinstance(node, newer)]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert functions and not [f for f in functions if f.returns or f.args.kwonlyargs]


def test_pins_agree_with_what_the_package_asks_for() -> None:
    from mmhg.compat.openmmlab import REQUIREMENTS

    pinned = (ROOT / "requirements/openmmlab.txt").read_text().splitlines()
    assert set(REQUIREMENTS.values()) <= set(pinned)
