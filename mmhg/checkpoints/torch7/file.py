"""Read Torch7's serialization format (torch7's File.lua and THDiskFile.c) as plain data.

Every object begins with an int32, its type. In tables and torch objects an int32 follows, their
number. A number that came before means the same object again. In a binary file values are
little-endian and longs have 8 bytes. In an ascii file the same values are text between white space,
but strings and bytes are written as they are. Functions are bytecode, which is skipped, never run.

Files may be hostile: sizes are checked against the rest of the file before memory is allocated for
them, and nesting is kept on a list, not on Python's stack.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import count, islice, takewhile
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from mmhg.errors import InputError

NIL, NUMBER, STRING, TABLE, TORCH, BOOLEAN, FUNCTION, OLD_CLOSURE, CLOSURE = range(9)

ELEMENTS = {
    "Byte": "u1",
    "Char": "i1",
    "Short": "<i2",
    "Int": "<i4",
    "Long": "<i8",
    "Half": "<f2",
    "Float": "<f4",
    "Double": "<f8",
    "Cuda": "<f4",
}
ARRAY_CLASS = re.compile(
    r"torch\.(?:Cuda(?=[A-Z][a-z]+(?:Tensor|Storage)))?"
    r"(Byte|Char|Short|Int|Long|Half|Float|Double|Cuda)(Tensor|Storage)"
)
MOST_AXES = 16


@dataclass(eq=False)
class Table:
    """A Lua table, or a torch object and its fields.

    Attributes:
        fields: Values by key. Numbers are floats; the key `2` also finds `2.0`.
        class_name: The torch object's class, `nn.ReLU` for example; empty for a plain table.
    """

    fields: dict[Any, Any] = field(default_factory=dict)
    class_name: str = ""

    def get(self, key: str) -> Any:
        """Return the value of a field, or None."""
        return self.fields.get(key)

    def array(self) -> list[Any]:
        """List the values at 1, 2, ... up to the first gap."""
        present = takewhile(self.fields.__contains__, count(1))
        return [self.fields[index] for index in present]


@dataclass(eq=False)
class Function:
    """A Lua function; nothing of it is kept."""


@dataclass(eq=False)
class Storage:
    """The memory of tensors: (length,), in a binary file a view of the file."""

    values: np.ndarray


Step: TypeAlias = Generator["Step", Any, Any]
"""Reading of one object: it yields the reading of each object inside and is sent its result."""


def read_torch7(path: Path) -> Any:
    """Read a file's object: None, bool, float, str, `Table`, `Function`, `Storage` or an array.

    Strings are Latin-1. Tensors are arrays of their shape, views of their storage.

    Raises:
        InputError: The file is not Torch7's, damaged, or hostile.
    """
    with path.open("rb") as file:
        if not file.seek(0, 2):
            raise InputError("it is empty")
        buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    ascii_file = re.match(rb"[0-8]\s", buffer) is not None
    return Reader(AsciiValues(buffer) if ascii_file else BinaryValues(buffer)).read()


@dataclass
class Values:
    """The bytes of a file, passed one after the other."""

    buffer: mmap.mmap
    position: int = 0

    def take(self, size: int) -> int:
        """Pass `size` bytes and return where they begin."""
        left = len(self.buffer) - self.position
        if not 0 <= size <= left:
            raise InputError(
                f"it is damaged or cut short: {size:,} bytes are announced at byte "
                f"{self.position:,}, {left:,} are left"
            )
        self.position += size
        return self.position - size

    def text(self, size: int) -> bytes:
        """Take `size` bytes."""
        start = self.take(size)
        return self.buffer[start : start + size]


class BinaryValues(Values):
    """The values of a binary file, one after the other."""

    def elements(self, dtype: str, size: int) -> np.ndarray:
        """Take `size` values of a type: (size,)."""
        start = self.take(size * np.dtype(dtype).itemsize)
        return np.frombuffer(self.buffer, dtype, size, start)


class AsciiValues(Values):
    """The values of an ascii file, one after the other."""

    def elements(self, dtype: str, size: int) -> np.ndarray:
        """Take `size` values of a type: (size,)."""
        if np.dtype(dtype).itemsize == 1:
            return np.frombuffer(self.text(size), dtype)
        if not 0 <= size <= len(self.buffer) - self.position:
            raise InputError(f"it is damaged: {size:,} values announced at byte {self.position:,}")
        found = list(islice(re.compile(rb"\S+").finditer(self.buffer, self.position), size))
        if len(found) < size:
            raise InputError(f"it is cut short: {size:,} values announced, {len(found):,} are left")
        if found:
            self.position = found[-1].end()
            self._pass_newline()
        try:
            if np.dtype(dtype).kind == "f":
                return np.array([float(match[0]) for match in found], dtype)
            integers = np.array([int(match[0]) for match in found], "<i8")
        except (ValueError, OverflowError) as error:
            raise InputError(f"it is damaged ahead of byte {self.position:,}: {error}") from error
        if np.any(integers.astype(dtype) != integers):
            raise InputError(f"it is damaged ahead of byte {self.position:,}: too large a number")
        return integers.astype(dtype)

    def text(self, size: int) -> bytes:
        """Take `size` bytes, and the newline after them."""
        found = super().text(size)
        if size:
            self._pass_newline()
        return found

    def _pass_newline(self) -> None:
        """Skip the newline that ends a run of values, so that no string begins with it."""
        if self.buffer[self.position : self.position + 1] == b"\n":
            self.position += 1


class Reader:
    """A reader of objects, which remembers those that have a number."""

    def __init__(self, values: BinaryValues | AsciiValues) -> None:
        self.values = values
        self.numbered: dict[int, Any] = {}

    def read(self) -> Any:
        """Read the next object and everything inside it."""
        open_steps: list[Step] = [self._object()]
        result = None
        while open_steps:
            try:
                open_steps.append(open_steps[-1].send(result))
                result = None
            except StopIteration as finished:
                open_steps.pop()
                result = finished.value
        return result

    def _object(self) -> Step:
        kind = self._int()
        if kind == NIL:
            return None
        if kind == NUMBER:
            return float(self.values.elements("<f8", 1)[0])
        if kind == STRING:
            return self._string()
        if kind == BOOLEAN:
            return self._int() == 1
        if kind == FUNCTION:
            return (yield self._function(None))
        if kind not in (TABLE, TORCH, OLD_CLOSURE, CLOSURE):
            raise InputError(
                f"it is damaged, or not a Torch7 file: there is no type {kind}, ahead of byte "
                f"{self.values.position:,}"
            )
        number = self._int()
        if number in self.numbered:
            return self.numbered[number]
        if kind == TABLE:
            return (yield self._table(number))
        if kind == TORCH:
            return (yield self._torch_object(number))
        return (yield self._function(number))

    def _table(self, number: int) -> Step:
        table = self.numbered[number] = Table()
        size = self._int()
        if size < 0:
            raise InputError(f"it is damaged: a table of {size} entries")
        for _ in range(size):
            key = yield self._object()
            value = yield self._object()
            if key is None or isinstance(key, np.ndarray):
                raise InputError(f"it is damaged: a table's key is a {type(key).__name__}")
            table.fields[key] = value
        return table

    def _function(self, number: int | None) -> Step:
        function = Function()
        if number is not None:
            self.numbered[number] = function
        self.values.text(self._int())
        yield self._object()  # upvalues
        return function

    def _torch_object(self, number: int) -> Step:
        class_name = self._string()
        if class_name.startswith("V "):  # the version; files older than versions have none
            class_name = self._string()
        if match := ARRAY_CLASS.fullmatch(class_name):
            dtype = ELEMENTS[match[1]]
            if match[2] == "Storage":
                storage = Storage(self.values.elements(dtype, self._long()))
                self.numbered[number] = storage
                return storage
            tensor = yield self._tensor(dtype)
            self.numbered[number] = tensor
            return tensor
        result = self.numbered[number] = Table(class_name=class_name)
        content = yield self._object()
        if not isinstance(content, Table):
            raise InputError(
                f"a {class_name} holds a {type(content).__name__} where a table is expected. The "
                "file is damaged, or the class has a format of its own"
            )
        result.fields = content.fields
        return result

    def _tensor(self, dtype: str) -> Step:
        axes = self._int()
        if not 0 <= axes <= MOST_AXES:
            raise InputError(f"it is damaged: a tensor of {axes} axes")
        shape = [int(size) for size in self.values.elements("<i8", axes)]
        strides = [int(stride) for stride in self.values.elements("<i8", axes)]
        offset = self._long() - 1
        storage = yield self._object()
        if storage is None or not axes:
            return np.empty(0, dtype)
        if not isinstance(storage, Storage) or storage.values.dtype != np.dtype(dtype):
            raise InputError("it is damaged: a tensor has no storage, or one of another type")
        if 0 in shape:
            return np.empty(0, dtype)
        reach = offset + sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
        if min(shape) < 0 or min(strides) < 0 or offset < 0 or reach >= len(storage.values):
            raise InputError(
                f"it is damaged: a tensor of shape {tuple(shape)}, strides {tuple(strides)} and "
                f"offset {offset:,} reaches out of its storage of {len(storage.values):,} values"
            )
        if prod(shape) > len(storage.values):  # expanded, which weights are not
            return storage.values
        steps = [stride * storage.values.itemsize for stride in strides]
        return np.lib.stride_tricks.as_strided(
            storage.values[offset:], shape, steps, writeable=False
        )

    def _int(self) -> int:
        return int(self.values.elements("<i4", 1)[0])

    def _long(self) -> int:
        return int(self.values.elements("<i8", 1)[0])

    def _string(self) -> str:
        return self.values.text(self._int()).decode("latin-1")


def arrays_of(root: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield all arrays inside an object, each once, with the class and field that hold them."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", root)]
    while waiting:
        name, value = waiting.pop()
        if not isinstance(value, Table | np.ndarray) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, np.ndarray):
            yield name, value
            continue
        owner = value.class_name or name
        for key, entry in value.fields.items():
            waiting.append((f"{owner}.{key}" if isinstance(key, str) else owner, entry))
            waiting.append((owner, key))
