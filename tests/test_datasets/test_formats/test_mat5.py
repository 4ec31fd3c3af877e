"""MATLAB's files: read as scipy reads them, and refused where they are damaged or hostile."""

import io
import resource
import struct
import zlib

import numpy as np
import pytest
from scipy.io import loadmat, savemat
from scipy.io.matlab import mat_struct

from mmhg.datasets.formats.mat5 import list_variables, read_variables
from mmhg.datasets.formats.matlab import read_mat, variables_of
from mmhg.datasets.formats.matlab import struct as make_struct
from mmhg.errors import InputError

HEADER = b"made by a test".ljust(124) + b"\x00\x01IM"


def content() -> dict:
    """Return a variable of every kind that is read."""
    people = make_struct([dict(name=f"{n}.jpg", x=float(n), inside=np.arange(n)) for n in range(4)])
    return dict(
        numbers=np.arange(24.0).reshape(2, 3, 4),
        single=np.float32([[1.5]]),
        small=np.array([[-1, 2]], np.int8),
        large=np.array([[2**40]], np.int64),
        flag=np.array([[True, False]]),
        empty=np.zeros((0, 3)),
        text="Größe",
        lines=np.array(["ab", "cd"]),
        cells=np.array([[np.arange(3), "x"], [people, None]], dtype=object)[:1],
        people=people,
        nested=make_struct([dict(a=make_struct([dict(b=people)]))]),
    )


def assert_same(found, expected):
    """Compare with what scipy reads, whose structs are objects with attributes."""
    if isinstance(expected, mat_struct):
        assert list(found) == expected._fieldnames
        for name in found:
            assert_same(found[name], getattr(expected, name))
    elif expected.dtype == object:
        assert found.shape == expected.shape and found.dtype == object
        for one, other in zip(found.flat, expected.flat, strict=True):
            assert_same(one, other)
    else:
        np.testing.assert_array_equal(found, expected)
        assert found.shape == expected.shape or not found.size


@pytest.mark.parametrize("compressed", [False, True])
def test_reads_what_scipy_reads(compressed, tmp_path):
    path = tmp_path / "a.mat"
    savemat(path, content(), do_compression=compressed)
    expected = loadmat(path, struct_as_record=False)
    assert variables_of(path, path) == list(content())
    found = read_mat(path, list(content()), path)
    assert list(found) == list(content())
    for name, value in found.items():
        assert_same(value, expected[name])
    assert found["numbers"].dtype == np.float64 and found["flag"].dtype == np.uint8
    assert found["people"][0, 3]["name"] == "3.jpg" and found["people"][0, 3]["x"] == [[3.0]]
    assert list(read_mat(path, ["single", "absent"], path)) == ["single"]


def test_reads_numbers_of_the_other_byte_order():
    name = struct.pack(">2I", 1, 1) + b"x".ljust(8, b"\0")
    flags, sizes = struct.pack(">4I", 6, 8, 6, 0), struct.pack(">2I2i", 5, 8, 1, 2)
    body = flags + sizes + name + struct.pack(">2I2d", 9, 16, 1.5, -2.5)
    data = HEADER[:124] + b"\x01\x00MI" + struct.pack(">2I", 14, len(body)) + body
    assert read_variables(data, ["x"])["x"].tolist() == [[1.5, -2.5]]


def matrix(kind: int, shape: tuple[int, ...], rest: bytes, name: bytes = b"x") -> bytes:
    """Return a matrix's element."""
    body = struct.pack("<4I", 6, 8, kind, 0) + struct.pack("<2I", 5, 4 * len(shape))
    body += struct.pack(f"<{len(shape)}i", *shape).ljust(-(-4 * len(shape) // 8) * 8, b"\0")
    body += struct.pack("<2I", 1, len(name)) + name.ljust(-(-len(name) // 8) * 8, b"\0") + rest
    return struct.pack("<2I", 14, len(body)) + body


def numbers(count: int, kind: int = 9) -> bytes:
    return struct.pack("<2I", kind, 8 * count) + bytes(8 * count)


def nested(levels: int) -> bytes:
    inside = matrix(6, (1, 1), numbers(1), b"")
    for _ in range(levels):
        inside = matrix(1, (1, 1), inside, b"")
    return matrix(1, (1, 1), inside)


FIELDS = struct.pack("<HHi2I", 5, 4, 4, 1, 4) + b"ab\0\0" + bytes(4)
HOSTILE = {
    "numbers that are not there": (matrix(6, (10**5, 10**4), numbers(1)), "has 8 bytes of type 9"),
    "sizes that overflow": (matrix(6, (2**31 - 1,) * 16, numbers(1)), "has 8 bytes of type 9"),
    "a negative size": (matrix(6, (-1, 1), numbers(1)), r"dimensions \(-1, 1\)"),
    "an empty array with a long side": (matrix(6, (2**31 - 1, 0), b""), "dimensions"),
    "numbers of no type": (matrix(6, (1, 1), numbers(1, 101)), "8 bytes of type 101"),
    "cells that are not there": (matrix(1, (10**9, 1), b""), "1,000,000,000 matrices are"),
    "structs that are not there": (matrix(2, (10**9, 1), FIELDS), "1,000,000,000 matrices are"),
    "structs without fields": (
        matrix(2, (10**9, 1), struct.pack("<HHi2I", 5, 4, 4, 1, 0)),
        "1,000,000,000 matrices are",
    ),
    "names of no length": (matrix(2, (1, 1), FIELDS[:4] + bytes(4) + FIELDS[8:]), "no names of a"),
    "nesting": (nested(5000), "nested more than 32 deep"),
    "a sparse matrix": (matrix(5, (1, 1), b""), "it has a sparse matrix, not read"),
    "an object": (matrix(3, (1, 1), b""), "it has an object, not read"),
    "complex numbers": (matrix(0x0806, (1, 1), numbers(1)), "complex numbers"),
    "text that is none": (
        matrix(4, (1, 2), struct.pack("<2I", 16, 2) + b"\xff\xff" + bytes(6)),
        "codec can't decode",
    ),
    "more than is left": (matrix(6, (1, 1), numbers(1))[:-4], "are announced at byte"),
    "no matrix": (struct.pack("<2I", 77, 8) + bytes(8), "no variable of type 77"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files(case):
    data, words = HOSTILE[case]
    with pytest.raises(InputError, match=words):
        read_variables(HEADER + data, ["x"])


def packed(data: bytes) -> bytes:
    found = zlib.compress(data)
    return struct.pack("<2I", 15, len(found)) + found


def test_bombs_are_refused_before_they_take_memory():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bomb = matrix(6, (10**8, 1), struct.pack("<2I", 9, 8 * 10**8))[:64]
    announced = struct.pack("<2I", 14, 8 * 10**8 + 56) + bomb[8:]
    data = HEADER + packed(announced + bytes(10**8))
    with pytest.raises(InputError, match="a variable would become 800,000,064 bytes"):
        read_variables(data, ["x"])
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
    )  # kB; 100 MB are ours


def test_packed_variables_must_be_whole():
    whole = matrix(6, (1, 1), numbers(1))
    assert read_variables(HEADER + packed(whole), ["x"])["x"].tolist() == [[0.0]]
    for data in (packed(whole + b"more"), packed(whole[:-8]), packed(whole)[:-6] + bytes(6)):
        with pytest.raises(InputError, match="damaged"):
            read_variables(HEADER + data, ["x"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin"),
        (b"text" * 50, "does not begin"),
        (b"\x89HDF" + bytes(200), r"version 7\.3\. Save it with -v7"),
        (HEADER[:124] + b"\x00\x02IM", r"version 7\.3"),
    ],
)
def test_other_files(data, words, tmp_path):
    (tmp_path / "a.mat").write_bytes(data)
    with pytest.raises(InputError, match=rf"people.mat is not a MATLAB file .*: .*{words}"):
        read_mat(tmp_path / "a.mat", ["x"], "people.mat")


def test_every_truncation_is_refused_or_read():
    with io.BytesIO() as file:
        savemat(file, dict(people=content()["people"]))
        data = file.getvalue()
    for size in range(len(data)):
        try:
            assert read_variables(data[:size], ["people"]) == {}
        except InputError:
            continue
    assert "people" in read_variables(data, ["people"])
    assert [name for name, _ in list_variables(data)] == ["people"]
