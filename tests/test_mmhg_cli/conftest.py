"""The command, called in this process or in one of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mmhg_cli import main


class Done(NamedTuple):
    """The result of a command."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """Run a command in this process, in a folder: `call(folder, "export", ...)`."""

    def run(folder: Path, *words: object) -> Done:
        monkeypatch.chdir(folder)
        capsys.readouterr()
        try:
            status = main([*map(str, words)])
        except SystemExit as end:  # argparse
            status = end.code  # type: ignore[assignment]
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def spawn() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in a process of its own, in a folder."""

    def run(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mmhg_cli", *map(str, words)],
            cwd=folder,
            env=dict(os.environ, OMP_NUM_THREADS="1"),
            capture_output=True,
            text=True,
        )

    return run
