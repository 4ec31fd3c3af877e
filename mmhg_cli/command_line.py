"""Parse a command line, run its command, and turn exceptions into an exit status."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from keyword import iskeyword
from pathlib import Path
from types import ModuleType

COMMANDS = (
    "import",
    "train",
    "test",
    "infer",
    "visualize",
    "demo",
    "export",
    "convert",
    "publish",
    "model-card",
    "score",
    "submit mpii",
    "submit coco",
    "leaderboard",
    "flops",
    "browse",
    "check",
    "benchmark",
    "convert-mpii",
    "shrink-dataset",
    "study",
    "synthetic render",
    "synthetic report",
)
"""Each is a module of `mmhg_cli.commands` with `add_arguments(parser)` and `run(args)`."""

GROUPS = {
    "submit": "Write the file that an evaluation server takes.",
    "synthetic": "Make and measure the built-in synthetic people.",
}

SUCCESS, BAD_INPUT, INTERRUPTED = 0, 2, 130

EPILOG = """\
exit status: 0 success; 1 some inputs failed, or a check did not hold; 2 bad input, with a message
on standard error; 130 Ctrl-C"""


def main(words: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    An error that may be a bug keeps its traceback.

    Args:
        words: The command and its arguments; None takes those of the process.
    """
    args = parser().parse_args(words)
    try:
        require_openmmlab()
        return args.run(args) or SUCCESS
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        message = explain(error)
        if message is None:
            raise
        print(f"error: {message}", file=sys.stderr)
        return BAD_INPUT


def require_openmmlab() -> None:
    """Raise ImportError, with the packages to install, if the commands cannot work."""
    from mmhg.compat import openmmlab

    openmmlab.check_installed()


def explain(error: Exception) -> str | None:
    """Return a message for the user if their input explains `error`, else None."""
    if isinstance(error, ImportError):  # Python's own errors have the name of a module
        return str(error) if error.name is None else None
    from mmhg_cli import bad_input

    return bad_input.explain(error)


def parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """Build the parser of the commands `names`."""
    root = argparse.ArgumentParser(
        prog="mmhg",
        description="The Stacked Hourglass network: train, test, and use it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="version", version=f"mmhg {version()}")
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    groups = {}
    for name in names:
        group, _, rest = name.rpartition(" ")
        if group and group not in groups:
            about = GROUPS[group]
            parent = commands.add_parser(group, help=about, description=about)
            groups[group] = parent.add_subparsers(metavar="WHAT", required=True)
        module = command(name)
        about = module.__doc__ or ""
        added = (groups[group] if group else commands).add_parser(
            rest,
            help=about.partition("\n")[0],
            description=about,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(added)
        added.set_defaults(run=module.run)
    return root


def command(name: str) -> ModuleType:
    """Import the module of a command; it imports nothing heavy."""
    module = name.replace(" ", "_").replace("-", "_")
    return import_module(f"mmhg_cli.commands.{module}{'_' * iskeyword(module)}")


def version() -> str:
    """Read the version without importing `mmhg`, which takes seconds."""
    text = (Path(__file__).parents[1] / "mmhg" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found is not None
    return found[1]
