"""Find what ruff has no rule for: files that may run code when they are loaded.

Every `torch.load` must say `weights_only=True`, and nothing may say `allow_pickle=True`. Exit
status 0, or 1 with one line on standard error for each place.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def problems(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and problem of each place in a program."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        settings = {one.arg: ast.unparse(one.value) for one in node.keywords}
        called = ast.unparse(node.func)
        if called == "torch.load" and settings.get("weights_only") != "True":
            yield node.lineno, "torch.load without weights_only=True"
        if settings.get("allow_pickle", "False") != "False":
            yield node.lineno, "allow_pickle"


def main(paths: list[str]) -> int:
    """Check the files, by default all that git knows."""
    if not paths:
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"]
        paths = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split(
            "\0"
        )
    found = [
        f"{path}:{line}: {problem}"
        for path in paths
        if path and Path(path).is_file()
        for line, problem in problems(Path(path).read_text(encoding="utf-8"))
    ]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
