"""Read MATLAB's files of version 5 to 7 (MathWorks, "MAT-File Format") as plain data.

A file is a header of 128 bytes and elements: a tag (type and number of bytes) and data, at
multiples of 8 bytes. A variable is a matrix element, mostly inside a compressed one. A matrix has
elements of its own: flags, dimensions, name, and numbers, characters or further matrices.

Files may be hostile: every size is checked against the bytes that are left before memory is taken,
nesting is bounded, and so is what a compressed variable may become. scipy's reader, which is not in
Python, ends the whole process on some damaged files; this one takes about as long.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from math import prod
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from mmhg.errors import InputError

_INT8, _UINT32, _MATRIX, _COMPRESSED = 1, 6, 14, 15
_INTEGERS = (5, 6)
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_NUMBERS |= {12: "i8", 13: "u8"}
_CHARACTERS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_CLASSES = dict(enumerate(("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"), start=6))
_COMPLEX = 0x0800
_NOT_READ = {3: "an object", 5: "a sparse matrix", 16: "a function", 17: "an object"}

_DEEPEST = 32
"""Levels of cells and structs. MPII's annotation file has 6."""

_MOST_AXES = 16

_HEADER, _TAG = 128, 8

_START = 52
"""Bytes of a matrix of one number without a name, up to the type of the number."""

_ROOM = 64 << 20
_RATIO = 50
"""A compressed variable may have `_ROOM` bytes, and `_RATIO` per byte of the file. MPII's own file
has about 20 per byte."""

_NO_NUMBERS = np.empty((0, 0))
_NO_NUMBERS.flags.writeable = False

Matrix = np.ndarray
"""Numbers as they are shaped in MATLAB; one string per row of characters, without the last axis;
for cells an object array; for structs an object array of dicts."""


class Tag(NamedTuple):
    """An element: its type, where its data begin and end, and where the next element begins."""

    kind: int
    start: int
    end: int
    next: int


def list_variables(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each variable, and the bytes of its element, compressed as they are.

    Raises:
        InputError: The bytes are no such file, or damaged.
    """
    order = _byte_order(data)
    reader = _Reader(data, order)
    position = _HEADER
    while position + _TAG <= len(data):
        tag = reader.tag(position, len(data), aligned=False)
        body = data[position : tag.end]
        if tag.kind == _COMPRESSED:
            head = _Reader(_decompressed(body[_TAG:], 4096), order)
        elif tag.kind == _MATRIX:
            head = _Reader(body, order)
        else:
            raise InputError(f"it is damaged: there is no variable of type {tag.kind}")
        yield head.name(), body
        position = tag.next


def read_variables(data: bytes, names: Collection[str]) -> dict[str, Matrix]:
    """Read the named variables, those that there are.

    Raises:
        InputError: The bytes are no such file, damaged, or hostile; a variable is of a kind that
            has no plain numbers, texts, cells or structs.
    """
    order = _byte_order(data)
    found = {}
    for name, body in list_variables(data):
        if name not in names or name in found:
            continue
        if _Reader(body, order).tag(0, len(body), aligned=False).kind == _COMPRESSED:
            body = _whole(body[_TAG:], order, _ROOM + _RATIO * len(data))
        found[name] = _Reader(body, order).matrix(0, len(body), _DEEPEST)[0]
    return found


def _byte_order(data: bytes) -> str:
    """Return the byte order for `struct` and numpy."""
    if data[:4] == b"\x89HDF" or data[124:128] in (b"\x00\x02IM", b"\x02\x00MI"):
        raise InputError("it is a MATLAB file of version 7.3. Save it with -v7")
    order = {b"\x00\x01IM": "<", b"\x01\x00MI": ">"}.get(data[124:128])
    if order is None:
        raise InputError("it does not begin as MATLAB's files of version 5 to 7 do (-v6, -v7)")
    return order


def _decompressed(data: bytes, most: int) -> bytes:
    """Decompress the beginning, at most so many bytes."""
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error as error:
        raise InputError(f"it is damaged: {error}") from error


def _whole(data: bytes, order: str, limit: int) -> bytes:
    """Decompress a variable, whose tag says how long it is."""
    size = _TAG + Struct(f"{order}4xI").unpack(_decompressed(data, _TAG).ljust(_TAG, b"\0"))[0]
    if size > limit:
        raise InputError(
            f"a variable would become {size:,} bytes, at most {limit:,} are taken from a file of "
            "this size"
        )
    unpacker = zlib.decompressobj()
    try:
        whole = unpacker.decompress(data, size) + unpacker.decompress(unpacker.unconsumed_tail, 1)
    except zlib.error as error:
        raise InputError(f"it is damaged: {error}") from error
    if len(whole) != size or not unpacker.eof:
        raise InputError(f"it is damaged: a variable of {size:,} bytes is shorter or longer")
    return whole


class _Reader:
    """A reader of matrices in a buffer. Positions are bytes from its beginning."""

    def __init__(self, buffer: bytes, order: str) -> None:
        self.buffer = buffer
        self.order = order
        self._pair = Struct(f"{order}II").unpack_from
        self._flags = Struct(f"{order}IIII").unpack_from
        self._stored = {kind: np.dtype(order + name) for kind, name in _NUMBERS.items()}
        self._wanted = {kind: np.dtype(name) for kind, name in _CLASSES.items()}
        # Most matrices are single numbers, alike but for their value. What begins as one that has
        # been checked is read without further checks, which saves two thirds of the time.
        self._known: dict[bytes, tuple[int, int, bytes, np.dtype, np.dtype | None]] = {}

    def tag(self, position: int, limit: int, aligned: bool = True) -> Tag:
        """Read a tag and check that its data end before `limit`."""
        if position + _TAG > limit or position + _TAG > len(self.buffer):
            raise InputError(f"it is damaged or cut short at byte {position:,} of a variable")
        kind, size = self._pair(self.buffer, position)
        if kind >> 16:  # a small element has up to 4 bytes in its tag
            kind, size, start = kind & 0xFFFF, kind >> 16, position + 4
            end, following = start + size, position + _TAG
            if size > 4:
                raise InputError(f"it is damaged: a small element of {size} bytes")
        else:
            start = position + _TAG
            end = start + size
            following = min(end + (-size % 8 if aligned else 0), limit)
        if end > limit or end > len(self.buffer):
            raise InputError(
                f"it is damaged or cut short: {size:,} bytes are announced at byte {position:,} of "
                f"a variable, {max(0, limit - start):,} are left"
            )
        return Tag(kind, start, end, following)

    def name(self) -> str:
        """Return the name of the matrix at the beginning. The rest of it may be missing."""
        limit = len(self.buffer)
        if limit < _TAG or self._pair(self.buffer, 0)[0] != _MATRIX:
            raise InputError("it is damaged: a variable is no matrix")
        flags = self.tag(_TAG, limit)
        sizes = self.tag(flags.next, limit)
        found = self.tag(sizes.next, limit)
        return self._text(found.start, found.end)

    def _text(self, start: int, end: int) -> str:
        """Return a name, which may be followed by zeros."""
        return self.buffer[start:end].partition(b"\0")[0].decode("latin-1")

    def matrix(self, position: int, limit: int, depth: int) -> tuple[Matrix, int]:
        """Read a matrix. Return it, and where the next element begins."""
        known = self._known.get(self.buffer[position : position + _START])
        if known is not None:
            offset, size, rest, stored, wanted = known
            start = position + offset
            if position + size <= limit and self.buffer[position + _START : start] == rest:
                number = np.ndarray((1, 1), stored, self.buffer, start)
                return number if wanted is None else number.astype(wanted), position + size
        tag = self.tag(position, limit)
        if tag.kind != _MATRIX:
            raise InputError(
                f"it is damaged: an element of type {tag.kind} where a matrix should be"
            )
        if tag.start == tag.end:
            return _NO_NUMBERS, tag.next
        flags = self.tag(tag.start, tag.end)
        sizes = self.tag(flags.next, tag.end)
        name = self.tag(sizes.next, tag.end)
        if flags.kind != _UINT32 or flags.end - flags.start != 8 or sizes.kind not in _INTEGERS:
            raise InputError(f"it is damaged: no flags or dimensions at byte {tag.start:,}")
        noted = self._pair(self.buffer, flags.start)[0]
        shape = self._shape(sizes)
        kind = noted & 0xFF
        if noted & _COMPLEX:
            raise InputError("it has a matrix of complex numbers, which is not read")
        if kind in self._wanted:
            wanted = self._wanted[kind]
            if shape == (1, 1) and name.next - position == _START - 4:
                self._remember(position, self.tag(name.next, tag.end), tag, wanted)
            return self._numbers(name.next, tag.end, shape, wanted), tag.next
        if kind == _CHAR:
            return self._texts(name.next, tag.end, shape), tag.next
        if kind not in (_CELL, _STRUCT):
            raise InputError(f"it has {_NOT_READ.get(kind, f'a matrix of class {kind}')}, not read")
        if depth == 0:
            raise InputError(f"its cells and structs are nested more than {_DEEPEST} deep")
        read = self._cells if kind == _CELL else self._structs
        return read(name.next, tag.end, shape, depth - 1), tag.next

    def _remember(self, position: int, data: Tag, tag: Tag, wanted: np.dtype) -> None:
        """Note the first bytes of a matrix of one number, if it is of a usual size."""
        stored = self._stored.get(data.kind)
        if stored is not None and data.end - data.start == stored.itemsize:
            split = position + _START
            self._known[self.buffer[position:split]] = (
                data.start - position,
                tag.next - position,
                self.buffer[split : data.start],
                stored,
                None if stored == wanted else wanted,
            )

    def _shape(self, tag: Tag) -> tuple[int, ...]:
        size = tag.end - tag.start
        shape = Struct(f"{self.order}{size // 4}i").unpack_from(self.buffer, tag.start)
        if size % 4 or not 2 <= len(shape) <= _MOST_AXES or min(shape) < 0:
            raise InputError(f"it is damaged: a matrix has the dimensions {shape[:_MOST_AXES]}")
        return shape

    def _numbers(
        self, position: int, limit: int, shape: tuple[int, ...], wanted: np.dtype
    ) -> np.ndarray:
        count = prod(shape)
        if not count:
            if max(shape) > limit:  # such an array would take no memory; its loops take time
                raise InputError(f"it is damaged: a matrix has the dimensions {shape}")
            return np.empty(shape, wanted)
        tag = self.tag(position, limit)
        stored = self._stored.get(tag.kind)
        if stored is None or count * stored.itemsize != tag.end - tag.start:
            raise InputError(
                f"it is damaged: a matrix of dimensions {shape} has {tag.end - tag.start:,} bytes "
                f"of type {tag.kind}"
            )
        array = np.ndarray(shape, stored, self.buffer, tag.start, order="F")
        return array if stored == wanted else array.astype(wanted)

    def _texts(self, position: int, limit: int, shape: tuple[int, ...]) -> np.ndarray:
        count, rows = prod(shape), prod(shape[:-1])
        if not count:
            return np.empty(0, "U1")
        tag = self.tag(position, limit)
        if tag.kind not in _CHARACTERS:
            raise InputError(f"it is damaged: characters of type {tag.kind}")
        codec = _CHARACTERS[tag.kind]
        if codec in ("utf-16", "utf-32"):
            codec += "-le" if self.order == "<" else "-be"
        try:
            text = self.buffer[tag.start : tag.end].decode(codec)
        except UnicodeDecodeError as error:
            raise InputError(f"it is damaged: {error}") from error
        if rows == 1:
            return np.array([text])
        if len(text) != count:
            raise InputError(f"it is damaged: {len(text)} characters of dimensions {shape}")
        letters = np.array(list(text)).reshape(rows, -1, order="F")
        return np.array(["".join(row) for row in letters])

    def _cells(self, position: int, limit: int, shape: tuple[int, ...], depth: int) -> np.ndarray:
        self._check_count(prod(shape), position, limit)
        cells = []
        for _ in range(prod(shape)):
            cell, position = self.matrix(position, limit, depth)
            cells.append(cell)
        return _objects(cells, shape)

    def _structs(self, position: int, limit: int, shape: tuple[int, ...], depth: int) -> np.ndarray:
        width = self.tag(position, limit)
        names = self.tag(width.next, limit)
        length = int.from_bytes(
            self.buffer[width.start : width.end], "little" if self.order == "<" else "big"
        )
        size = names.end - names.start
        if width.kind not in _INTEGERS or names.kind != _INT8 or (size and not 0 < length <= size):
            raise InputError(f"it is damaged: no names of a struct's fields at byte {position:,}")
        fields = [
            self._text(start, min(start + length, names.end))
            for start in range(names.start, names.end, length or 1)
        ]
        if len({*fields}) < len(fields):
            raise InputError(
                f"it is damaged: a struct has the fields {fields[:10]}, one of them twice"
            )
        position = names.next
        self._check_count(prod(shape) * max(1, len(fields)), position, limit)
        matrix, structs = self.matrix, []
        for _ in range(prod(shape)):
            record = {}
            for field in fields:
                record[field], position = matrix(position, limit, depth)
            structs.append(record)
        return _objects(structs, shape)

    def _check_count(self, count: int, position: int, limit: int) -> None:
        """Check that there are bytes for so many matrices; one may lack fields and bytes."""
        if count > max(1, (limit - position) // _TAG):
            raise InputError(
                f"it is damaged: {count:,} matrices are announced at byte {position:,}, "
                f"{max(0, limit - position):,} bytes are left"
            )


def _objects(items: list[Any], shape: tuple[int, ...]) -> np.ndarray:
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array.reshape(shape, order="F")
