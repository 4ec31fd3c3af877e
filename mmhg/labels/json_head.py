"""Tell what a JSON file holds by its beginning, however large it is."""

from __future__ import annotations

import json
import re
from pathlib import Path

_HEAD = 1 << 16
"""Bytes. Tools write a few hundred before the first long list."""

_TOKEN = re.compile(r'"((?:[^"\\]|\\(?:.|\Z))*)(?:"|\Z)|[\[\]{}]', re.DOTALL)
"""A text, which the end of the head may cut, or a bracket."""


def json_head(path: Path) -> tuple[str, set[str], str]:
    """Return how a file opens, the names of its first object, and the text of its head.

    Returns:
        `"{"` and the names of the outermost object, `"["` and those of the first object in the
        outermost list, or `""` if this is neither; then the head. Nothing is raised, whatever the
        file is.
    """
    try:
        if not path.is_file():
            return "", set(), ""
        with path.open("rb") as file:
            data = file.read(_HEAD)
        text = data.decode(json.detect_encoding(data), errors="replace").lstrip("\ufeff \t\r\n")
    except (OSError, ValueError, LookupError):
        return "", set(), ""
    opening = text[:1] if text[:1] in ("{", "[") else ""
    return opening, _names(text, 1 if opening == "{" else 2) if opening else set(), text


def _names(text: str, level: int) -> set[str]:
    """Return the names of the first object at a depth of brackets."""
    names: set[str] = set()
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
            if depth < level:
                break
        elif depth == level and text[token.end() : token.end() + 20].lstrip().startswith(":"):
            names.add(token[1])
    return names
