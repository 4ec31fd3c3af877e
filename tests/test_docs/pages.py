"""The documentation's pages and their content."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES = sorted([*ROOT.glob("docs/**/*.md"), *OUTSIDE])
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_blocks(page: Path, language: str) -> list[tuple[str, str]]:
    """Find the text after the language on each fence, and the code."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [(rest.strip(), code) for name, rest, code in found if name == language]


def prose(page: Path) -> str:
    """Return the page without its code blocks."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[str]:
    """Find the commands of the shell blocks, one per line and without comments, and of the text."""
    text = "\n".join(code for _, code in code_blocks(page, "sh")).replace("\\\n", " ")
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    in_text = re.findall(r"`(mmhg [^`]+)`", prose(page))
    return [line for line in [*lines, *in_text] if line]
