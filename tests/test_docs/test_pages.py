"""Files, headings, configs, commands, options and targets that the pages name are there."""

import argparse
import ast
import importlib
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mmhg.config.catalog import config_names
from mmhg_cli.command_line import COMMANDS, GROUPS
from mmhg_cli.command_line import command as module_of
from test_docs.pages import PAGES, ROOT, code_blocks, commands, name_of, prose

OF_OTHERS = {
    "--version",
    "--no-build-isolation",
    "--no-deps",
    "--index-url",
    "--use-pep517",
}  # pip's
each_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def anchors(page: Path) -> set[str]:
    """Return the headings as GitHub and the site write them after #."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


@each_page
def test_links(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link}: no such file"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


@each_page
def test_no_link_leaves_the_site(page: Path) -> None:
    docs = ROOT / "docs"
    if docs not in page.parents:
        return
    for link in re.findall(r"\]\(([^)\s#]+)", prose(page)):
        if not re.match(r"[a-z]+:", link):
            assert docs in (page.parent / link).resolve().parents, link


@each_page
def test_configs(page: Path) -> None:
    text = page.read_text("utf-8")
    named = re.findall(r"\bhg\d_(?:mpii|coco|flic|lsp|lspet|synthetic2?)_\d\w*", text)
    assert not set(named) - set(config_names())
    for path in re.findall(r"\bconfigs/[\w/]+\.py", page.read_text("utf-8")):
        written_here = any(path in rest for rest, _ in code_blocks(page, "python"))
        assert written_here or (ROOT / path).is_file(), path


@each_page
def test_commands_and_their_options(page: Path) -> None:
    for command in commands(page):
        for part in command.split("&&"):
            words = shlex.split(part.split("|")[0])
            assert not any(re.match(r"tools/.*\.py$", word) for word in words), command
            if words[:1] == ["mmhg"]:
                known = options_of(command_of(words[1:]))
            elif words[0].startswith("tools/"):  # a launcher
                assert (ROOT / words[0]).is_file(), command
                known = options_of("train") | options_of("test")
            else:
                continue
            given = {word.split("=")[0] for word in words if re.match(r"-[a-z-]", word)}
            assert not given - known, command


@each_page
def test_options_in_the_text(page: Path) -> None:
    known = OF_OTHERS.union(*map(options_of, COMMANDS))
    assert not set(re.findall(r"`(--[a-z][a-z0-9-]*)", prose(page))) - known


def test_files_of_the_map() -> None:
    """The files that the map of the code walks through are there, each once per way."""
    for way in re.split(r"^\*\*", (ROOT / "docs/code_map.md").read_text("utf-8"), flags=re.M)[1:]:
        named = re.findall(r"^    (\S+\.py)", way, re.MULTILINE)
        assert len(named) == len(set(named)) > 3
        for path in named:
            assert (ROOT / path).is_file() or (ROOT / "mmhg" / path).is_file(), path


@each_page
def test_make_targets(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    spans = re.findall(r"`make ([a-z-]+)`", prose(page))
    lines = [line.split()[1:] for line in commands(page) if line.startswith("make ")]
    for line in lines:
        spans += [word for word in line if re.fullmatch(r"[a-z-]+", word)]
    assert not set(spans) - set(targets)


@each_page
def test_python_blocks(page: Path) -> None:
    """They can be parsed, and the names that they import from mmhg and MMPose exist."""
    for _, code in code_blocks(page, "python"):
        # In a call, `...` may stand after keywords for what is left out.
        tree = ast.parse(re.sub(r"^(\s+)\.\.\.$", r"\1**{}", code, flags=re.MULTILINE))
        for module, name in imports(tree):
            if module.split(".")[0] in ("mmhg", "mmpose"):
                assert hasattr(importlib.import_module(module), name), f"{module}.{name}"


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def command_of(words: list[str]) -> str:
    """Return the name of the command that these words call; `mmhg` alone takes options as well."""
    if words[0].startswith("-"):
        return ""
    name = " ".join(words[:2] if words[0] in GROUPS else words[:1])
    assert name in COMMANDS, name
    return name


@cache
def options_of(name: str) -> set[str]:
    """Return the options that `mmhg` declares for a command, or those of `mmhg` itself."""
    if not name:
        return {"--help", "--version"}
    parser = argparse.ArgumentParser()
    module_of(name).add_arguments(parser)
    return {option for action in parser._actions for option in action.option_strings}
