"""Values to the bytes of Torch7's serialization, after torch7's File.lua and THDiskFile.c.

Nothing of `mmhg` is used here. A record is an int32 type; tables and torch objects then have an
int32 number, under which they are meant again later. Binary: little-endian, 8 bytes a long. Ascii:
values between spaces, a newline after each run of them, and strings and bytes as they are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

Record = list["bytes | object"]

KINDS = {
    "Byte": ("B", "u1"),
    "Char": ("b", "i1"),
    "Int": ("i", "i4"),
    "Long": ("q", "i8"),
    "Float": ("f", "f4"),
    "Double": ("d", "f8"),
    "Cuda": ("f", "f4"),
    "CudaDouble": ("d", "f8"),
}


@dataclass(eq=False)
class Table:
    """A Lua table: pairs in their order."""

    pairs: list[tuple[object, object]] = field(default_factory=list)


def array(*values: object) -> Table:
    return Table([(float(index), value) for index, value in enumerate(values, 1)])


def table(**fields: object) -> Table:
    return Table(list(fields.items()))


@dataclass(eq=False)
class Torch:
    """A torch object that is written as one table."""

    name: str
    fields: Table

    def __init__(self, name: str, **fields: object) -> None:
        self.name, self.fields = name, table(**fields)

    def get(self, name: str) -> object:
        return dict(self.fields.pairs)[name]

    def set(self, name: str, value: object) -> None:
        self.fields.pairs = [(k, v) for k, v in self.fields.pairs if k != name]
        self.fields.pairs.append((name, value))


@dataclass(eq=False)
class Storage:
    kind: str
    values: np.ndarray


@dataclass(eq=False)
class Tensor:
    """A view of a storage; `offset` counts from 1, strides count elements."""

    storage: Storage | None
    shape: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    offset: int = 1
    kind: str = ""


def tensor(values: np.ndarray, kind: str) -> Tensor:
    """Make a tensor with a storage of its own."""
    return view(Storage(kind, values.ravel()), values.shape)


def view(storage: Storage, shape: tuple[int, ...], offset: int = 1) -> Tensor:
    """Make a contiguous view."""
    strides = [int(np.prod(shape[axis + 1 :])) for axis in range(len(shape))]
    return Tensor(storage, tuple(shape), tuple(strides), offset, storage.kind)


@dataclass(eq=False)
class Closure:
    """A function: bytecode, and the table of what it closes over."""

    code: bytes
    upvalues: Table


def values(kind: str, *numbers: float, ascii_file: bool) -> bytes:
    """Write a run of values of one type."""
    letter, _ = KINDS[kind]
    if not ascii_file or letter in "Bb":
        run = struct.pack(f"<{len(numbers)}{letter}", *numbers)
        return run + b"\n" if ascii_file and numbers else run
    text = {"f": "%.9g", "d": "%.17g"}.get(letter, "%d")
    return " ".join(text % number for number in numbers).encode() + b"\n" if numbers else b""


def dump(root: object, *, ascii_file: bool = False) -> bytes:
    """Write the whole file of one object."""
    numbers: dict[int, int] = {}
    written: list[bytes] = []
    pending: Record = [root]
    while pending:
        item = pending.pop()
        if isinstance(item, Raw):
            written.append(item.data)
        else:
            pending.extend(reversed(record(item, numbers, ascii_file)))
    return b"".join(written)


@dataclass(eq=False)
class Raw:
    data: bytes


def record(item: object, numbers: dict[int, int], ascii_file: bool) -> list[object]:
    """Write one object: its own bytes, and what is inside of it as objects still to be written."""

    def run(kind: str, *given: float) -> Raw:
        return Raw(values(kind, *given, ascii_file=ascii_file))

    def text(data: bytes) -> list[object]:
        return [run("Int", len(data)), Raw(data + b"\n" if ascii_file and data else data)]

    if item is None:
        return [run("Int", 0)]
    if isinstance(item, bool):
        return [run("Int", 5), run("Int", int(item))]
    if isinstance(item, int | float):
        return [run("Int", 1), run("Double", float(item))]
    if isinstance(item, str):
        return [run("Int", 2), *text(item.encode("latin-1"))]
    kind = {Table: 3, Closure: 8}.get(type(item), 4)
    if id(item) in numbers:
        return [run("Int", kind), run("Int", numbers[id(item)])]
    numbers[id(item)] = len(numbers) + 1
    head: list[object] = [run("Int", kind), run("Int", numbers[id(item)])]
    if isinstance(item, Table):
        inside = [value for pair in item.pairs for value in pair]
        return [*head, run("Int", len(item.pairs)), *inside]
    if isinstance(item, Closure):
        return [*head, *text(item.code), item.upvalues]
    assert isinstance(item, Torch | Storage | Tensor)
    name = item.name if isinstance(item, Torch) else f"torch.{item.kind}{type(item).__name__}"
    head += [*text(b"V 1"), *text(name.encode())]
    if isinstance(item, Torch):
        return [*head, item.fields]
    if isinstance(item, Storage):
        return [*head, run("Long", len(item.values)), run(item.kind, *item.values.tolist())]
    sizes = [run("Long", *item.shape), run("Long", *item.strides), run("Long", item.offset)]
    return [*head, run("Int", len(item.shape)), *sizes, item.storage]
