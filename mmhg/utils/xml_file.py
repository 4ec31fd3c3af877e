"""Read XML that users hand in: no declarations of a document type, so no entities, and not deep.

Python's own expat does this with a few handlers, and needs no other package.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from mmhg.errors import InputError
from mmhg.utils.files import read_bytes

DEEPEST_XML = 32
"""Levels of nesting that are read. CVAT's files have 7."""

_HEAD = 1 << 16
"""Bytes of a file that tell what it is."""


@dataclass
class Element:
    """An element with what it holds.

    Args:
        tag: Its name.
        attributes: Their texts by name.
        children: Elements directly in it.
        text: Of the element itself.
    """

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def child_text(self, tag: str) -> str:
        """Return the text of the first child of a name; empty if there is none."""
        return next((child.text.strip() for child in self.children if child.tag == tag), "")

    def find(self, tag: str) -> list[Element]:
        """Return all elements of a name below this one, in the file's order."""
        found: list[Element] = []
        for child in self.children:
            found += [child] if child.tag == tag else []
            found += child.find(tag)
        return found


def read_xml(path: str | Path, handlers: Mapping[str, Callable[[Element], None]]) -> None:
    """Give each element that lies directly in the file's outermost one to the handler of its name.

    One such element is in memory at a time; those without a handler are dropped.

    Raises:
        InputError: The file cannot be read, is no XML, declares a document type (only there can
            entities be defined), or is nested deeper than any real file.
    """
    parse_xml(read_bytes(path), path, handlers)


def parse_xml(
    data: bytes, name: str | Path, handlers: Mapping[str, Callable[[Element], None]]
) -> None:
    """Read XML that is in memory, as `read_xml` does.

    Args:
        data: The document.
        name: What errors call it.
        handlers: By the names of elements.
    """
    reader = _Reader(name, handlers)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError) as error:  # the latter for unknown encodings
        raise InputError(f"{name} is not XML: {error}") from error
    except MemoryError as error:
        raise InputError(f"{name} is too large: there is not enough memory") from error
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is not XML: {error}") from error


def first_tags(path: str | Path) -> list[str]:
    """Return the outermost element's name, and those of elements directly in it, of a file's head.

    Whatever the file is, nothing is raised: where it cannot be read, nothing is returned.
    """
    tags: list[str] = []
    depth = 0

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal depth
        if depth < 2:
            tags.append(tag)
        depth += 1

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise ValueError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        if Path(path).is_file():
            with open(path, "rb") as file:
                parser.Parse(file.read(_HEAD), False)
    except (OSError, ValueError, LookupError, expat.ExpatError):
        pass  # what came before still tells
    return tags


class _Reader:
    """Build elements, and hand them out."""

    def __init__(self, name: str | Path, handlers: Mapping[str, Callable[[Element], None]]) -> None:
        self._name = name
        self._handlers = handlers
        self._depth = 0
        self._open: list[Element] = []
        self._texts: list[list[str]] = []

    def refuse(self, *_: object) -> None:
        raise InputError(
            f"{self._name} declares a document type (DOCTYPE), by which a small file can become a "
            "large one or read others. No labeling tool writes one: remove the declaration"
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST_XML:
            raise InputError(f"{self._name} is nested more than {DEEPEST_XML} levels deep")
        if self._open or (self._depth == 2 and tag in self._handlers):
            element = Element(tag, attributes)
            if self._open:
                self._open[-1].children.append(element)
            self._open.append(element)
            self._texts.append([])

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            element.text = "".join(self._texts.pop())
            if not self._open:
                self._handlers[tag](element)

    def characters(self, text: str) -> None:
        if self._open:
            self._texts[-1].append(text)
