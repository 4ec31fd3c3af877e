"""Change files at random: their bytes, or what these hold (JSON, archives, MATLAB's packing)."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from copy import deepcopy
from random import Random
from typing import Any

EDGES = (
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\1\0\0\0",
    b"\0" * 8,
)
_LARGEST = 1 << 24
"""Bytes of an archive's content that are changed."""

DEEP = "[" * 100_000 + "]" * 100_000
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 3, 0.5, 1e308, -1e308, 1e9, float("inf"), float("nan"), 2**63, "",
    "1", "../../x", "/dev/zero", "a\0b", "\ud800", [], {}, [[]], [None], [1, 2], [1, 2, 3, 4],
    [[1, 2, 3]], [[[1]]], {"a": 1}, {"": None}, [{}], "x" * 3000,
)  # fmt: skip
RAW = (
    DEEP,
    "9" * 5000,
    "1" + "0" * 400,
    "1e999",
    "NaN",
    "-Infinity",
    '{"a":1,"a":2}',
    '{"a":' * 70 + "1" + "}" * 70,
)


def mutate(name: str, data: bytes, random: Random) -> bytes:
    """Return a mutation of a file."""
    if name.endswith(".json") and random.random() < 0.7:
        return _mutate_json(data, random)
    if data[:2] == b"PK" and random.random() < 0.6:
        return _mutate_archive(data, random)
    if name.endswith(".mat") and "packed" in name and random.random() < 0.7:
        return _mutate_packed(data, random)
    return mutate_bytes(data, random)


def mutate_bytes(data: bytes, random: Random) -> bytes:
    """Cut, flip, overwrite, repeat or remove bytes."""
    changed = bytearray(data or b"\0")
    how = random.randrange(6)
    if how == 0:
        return bytes(changed[: random.randrange(len(changed))])
    for _ in range(random.choice((1, 1, 2, 5, 30))):
        place = _place(len(changed), random)
        if how == 1:
            changed[place] = random.randrange(256)
        elif how == 2:
            changed[place] ^= 1 << random.randrange(8)
        elif how == 3:
            edge = random.choice(EDGES)
            changed[place : place + len(edge)] = edge
        else:
            block = changed[place : place + random.choice((1, 8, 100))]
            changed[place : place + len(block)] = block * 2 if how == 4 else b""
            changed = changed or bytearray(b"\0")
    return bytes(changed)


def _place(size: int, random: Random) -> int:
    """Choose a place, mostly near the beginning or the end, where files have their structure."""
    near = min(size, 2000)
    return random.choice(
        (random.randrange(size), random.randrange(near), size - 1 - random.randrange(near))
    )


def _mutate_json(data: bytes, random: Random) -> bytes:
    content = json.loads(data.splitlines()[0] if b"\n{" in data else data)
    for _ in range(random.choice((1, 1, 2, 4))):
        holders = [content] if isinstance(content, dict | list) else []
        for holder in holders:
            inside = holder.values() if isinstance(holder, dict) else holder
            holders.extend(one for one in inside if isinstance(one, dict | list))
        holders = [holder for holder in holders if holder]
        if not holders or random.random() < 0.05:
            content = _odd(random)
            continue
        holder = random.choice(holders)
        key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        how = random.randrange(6)
        if how == 0:
            del holder[key]
        elif how == 1 and isinstance(holder, list):
            holder.append(_odd(random))
        elif how == 2:
            holder[key] = f"@RAW{random.randrange(len(RAW))}@"
        elif how == 3:
            holder[key] = [holder[key]]
        else:
            holder[key] = _odd(random)
    text = json.dumps(content)
    for index, raw in enumerate(RAW):
        text = text.replace(f'"@RAW{index}@"', raw)
    encoding = random.choice(("utf-8",) * 8 + ("utf-8-sig", "utf-16"))
    return text.encode(encoding, errors="surrogatepass")


def _odd(random: Random) -> Any:
    return deepcopy(random.choice(ODD))  # which later changes must not change


def _mutate_archive(data: bytes, random: Random) -> bytes:
    """Change one member, so that the sums of all are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > _LARGEST:
            return mutate_bytes(data, random)
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    small = [name for name, content in members.items() if name.endswith((".pkl", ".json", ".py"))]
    name = (
        random.choice(small or list(members))
        if random.random() < 0.8
        else random.choice([*members])
    )
    members[name] = (
        _mutate_json(members[name], random)
        if name.endswith(".json") and random.random() < 0.8
        else mutate_bytes(members[name], random)
    )
    packing = random.choice((zipfile.ZIP_STORED,) * 4 + (zipfile.ZIP_DEFLATED,))
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w", packing) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return file.getvalue()


def _mutate_packed(data: bytes, random: Random) -> bytes:
    """Change what is packed in the first variable of a MATLAB file."""
    size = int.from_bytes(data[132:136], "little")
    inside = mutate_bytes(zlib.decompress(data[136 : 136 + size]), random)
    packed = zlib.compress(inside)
    return data[:132] + len(packed).to_bytes(4, "little") + packed + data[136 + size :]
