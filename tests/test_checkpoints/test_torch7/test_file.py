"""Torch7's format, read from bytes that are laid out by hand."""

import struct
from pathlib import Path

import numpy as np
import pytest

from mmhg.checkpoints.torch7.file import Function, Table, arrays_of, read_torch7
from mmhg.errors import InputError
from torch7.records import Closure, Storage, Tensor, Torch, array, dump, table, tensor

ONE, TWO, THREE, FOUR = (bytes([n, 0, 0, 0]) for n in (1, 2, 3, 4))
ZERO = bytes(4)
LONG = [bytes([n, 0, 0, 0, 0, 0, 0, 0]) for n in range(8)]


def number(value: float) -> bytes:
    return ONE + struct.pack("<d", value)


def string(value: bytes) -> bytes:
    return TWO + bytes([len(value), 0, 0, 0]) + value


def named(number: int, name: bytes) -> bytes:
    """Return the beginning of a torch object: type 4, its number, version, class."""
    length = bytes([len(name), 0, 0, 0])
    return FOUR + bytes([number, 0, 0, 0]) + THREE + b"V 1" + length + name


def read(data: bytes, tmp_path: Path) -> object:
    path = tmp_path / "file.t7"
    path.write_bytes(data)
    return read_torch7(path)


@pytest.mark.parametrize(
    ("binary", "text", "expected"),
    [
        (ZERO, b"0\n", None),
        (ONE + b"\x00\x00\x00\x00\x00\x00\xf8\x3f", b"1\n1.5\n", 1.5),
        (ONE + b"\x00\x00\x00\x00\x00\x00\xf0\x7f", b"1\ninf\n", float("inf")),
        (TWO + b"\x05\x00\x00\x00hello", b"2\n5\nhello\n", "hello"),
        (TWO + b"\x03\x00\x00\x00\n 1", b"2\n3\n\n 1\n", "\n 1"),
        (TWO + b"\x02\x00\x00\x00\xe9\x00", b"2\n2\n\xe9\x00\n", "\xe9\0"),
        (TWO + ZERO, b"2\n0\n", ""),
        (b"\x05\x00\x00\x00" + ONE, b"5\n1\n", True),
        (b"\x05\x00\x00\x00" + ZERO, b"5\n0\n", False),
    ],
    ids=["nil", "number", "inf", "string", "space", "bytes", "empty", "true", "false"],
)
def test_values(binary: bytes, text: bytes, expected: object, tmp_path: Path) -> None:
    assert read(binary, tmp_path) == expected
    assert read(text, tmp_path) == expected
    assert type(read(binary, tmp_path)) is type(expected)


@pytest.mark.parametrize(
    "data",
    [
        # {1: 2.5, "name": {}, "again": the same {}, "me": the table itself}
        THREE + ONE + FOUR
        + number(1) + number(2.5)
        + string(b"name") + THREE + TWO + ZERO
        + string(b"again") + THREE + TWO
        + string(b"me") + THREE + ONE,
        b"3\n1\n4\n1\n1\n1\n2.5\n2\n4\nname\n3\n2\n0\n2\n5\nagain\n3\n2\n2\n2\nme\n3\n1\n",
    ],
    ids=["binary", "ascii"],
)  # fmt: skip
def test_tables_and_what_they_refer_back_to(data: bytes, tmp_path: Path) -> None:
    found = read(data, tmp_path)
    assert isinstance(found, Table) and not found.class_name
    assert found.array() == [2.5]
    assert isinstance(found.get("name"), Table)
    assert found.get("again") is found.get("name")
    assert found.get("me") is found


STORAGE = named(2, b"torch.FloatStorage") + LONG[6] + struct.pack("<6f", 0, 1, 2, 3, 4, 5)
AXES = TWO + LONG[2] + LONG[2]  # two axes of 2


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (AXES + LONG[3] + LONG[1] + LONG[1] + STORAGE, [[0, 1], [3, 4]]),
        (AXES + LONG[3] + LONG[1] + LONG[2] + STORAGE, [[1, 2], [4, 5]]),
        (AXES + LONG[1] + LONG[2] + LONG[1] + STORAGE, [[0, 2], [1, 3]]),
        (ONE + LONG[7] + LONG[0] + LONG[2] + STORAGE, None),
    ],
    ids=["strided", "offset", "transposed", "expanded"],
)
def test_tensors_are_views_of_storages(data: bytes, expected: list, tmp_path: Path) -> None:
    found = read(named(1, b"torch.FloatTensor") + data, tmp_path)
    assert found.dtype == np.float32
    if expected is None:  # no weight is expanded: its storage stands for it
        assert found.shape == (6,)
    else:
        np.testing.assert_array_equal(found, expected)


def test_a_tensor_in_ascii(tmp_path: Path) -> None:
    data = (
        b"4\n1\n3\nV 1\n16\ntorch.CudaTensor\n2\n2 3\n3 1\n1\n"
        b"4\n2\n3\nV 1\n17\ntorch.CudaStorage\n6\n0 0.5 -1 1e-3 nan 5\n"
    )
    expected = np.array([[0, 0.5, -1], [1e-3, np.nan, 5]], np.float32)
    np.testing.assert_array_equal(read(data, tmp_path), expected)


@pytest.mark.parametrize("ascii_file", [False, True])
@pytest.mark.parametrize(
    ("kind", "values", "dtype"),
    [
        ("Byte", [0, 10, 255], "u1"),
        ("Char", [-128, 32, 10], "i1"),
        ("Int", [-(2**31), 0, 2**31 - 1], "i4"),
        ("Long", [-(2**62), 0, 2**62], "i8"),
        ("Float", [0.1, -3e38, 5], "f4"),
        ("Double", [0.1, -1e300, 5], "f8"),
        ("Cuda", [0.1, 2, 5], "f4"),
        ("CudaDouble", [0.1, 2, 5], "f8"),
    ],
)
def test_every_type_of_tensor(
    kind: str, values: list, dtype: str, ascii_file: bool, tmp_path: Path
) -> None:
    values = np.array(values, dtype)
    found = read(dump(array(tensor(values, kind), "after"), ascii_file=ascii_file), tmp_path)
    assert found.array()[0].dtype == values.dtype
    np.testing.assert_array_equal(found.array()[0], values)
    assert found.array()[1] == "after"


def test_tensors_share_a_storage(tmp_path: Path) -> None:
    storage = Storage("Double", np.arange(6.0))
    views = [Tensor(storage, (3,), (1,), offset, "Double") for offset in (1, 4)]
    first, second = read(dump(array(*views)), tmp_path).array()
    np.testing.assert_array_equal(first, [0, 1, 2])
    np.testing.assert_array_equal(second, [3, 4, 5])


def test_an_empty_tensor(tmp_path: Path) -> None:
    data = named(1, b"torch.FloatTensor") + ZERO + LONG[1] + ZERO
    assert read(data, tmp_path).shape == (0,)


def test_torch_objects_are_data(tmp_path: Path) -> None:
    data = named(1, b"nn.ReLU") + THREE + TWO + ONE + string(b"inplace") + b"\x05\0\0\0" + ONE
    found = read(data, tmp_path)
    assert (found.class_name, found.fields) == ("nn.ReLU", {"inplace": True})
    before_versions = FOUR + ONE + b"\x07\0\0\0nn.ReLU" + THREE + TWO + ZERO
    assert read(before_versions, tmp_path).class_name == "nn.ReLU"


@pytest.mark.parametrize("kind", [6, 7, 8])
def test_functions_are_skipped(kind: int, tmp_path: Path) -> None:
    """Type 6 has no number, see File.lua."""
    code = bytes([kind, 0, 0, 0]) + (b"" if kind == 6 else TWO) + b"\x04\0\0\0\x1bLua"
    upvalues = THREE + THREE + ZERO
    data = THREE + ONE + TWO + number(1) + code + upvalues + number(2) + string(b"after")
    function, after = read(data, tmp_path).array()
    assert isinstance(function, Function)
    assert after == "after"


def test_a_function_may_close_over_itself(tmp_path: Path) -> None:
    closure = Closure(b"\x1bLua", array())
    closure.upvalues = array(table(name="f", value=closure))
    for ascii_file in (False, True):
        assert isinstance(read(dump(closure, ascii_file=ascii_file), tmp_path), Function)


def test_nesting_has_no_limit(tmp_path: Path) -> None:
    depth = 20_000
    tables = [
        THREE + struct.pack("<i", number_) + ONE + number(1) for number_ in range(1, depth + 1)
    ]
    found = read(b"".join(tables) + number(7), tmp_path)
    for _ in range(depth):
        (found,) = found.array()
    assert found == 7


SMALL = dump(
    array(
        table(a=tensor(np.arange(6.0).reshape(2, 3), "Double"), s="text"),
        Torch("nn.ReLU", inplace=True),
        Closure(b"code", array(1.0)),
    )
)


@pytest.mark.parametrize("ascii_file", [False, True])
def test_every_cut_is_noticed(ascii_file: bool, tmp_path: Path) -> None:
    content = array(table(a=tensor(np.arange(6.0), "Double"), s="text"), Torch("nn.ReLU", x=True))
    data = dump(content, ascii_file=ascii_file)
    for length in range(len(data) - 2):
        with pytest.raises(InputError, match=r"damaged|cut short|empty|not a Torch7"):
            read(data[:length], tmp_path)


def test_no_byte_can_do_harm(tmp_path: Path) -> None:
    """Whatever a byte becomes, it is read or refused; nothing else happens."""
    refused = 0
    for place in range(len(SMALL)):
        for value in (0, 3, 0x7F, 0xFF):
            data = SMALL[:place] + bytes([value]) + SMALL[place + 1 :]
            try:
                read(data, tmp_path)
            except InputError:
                refused += 1
    assert refused > len(SMALL)


HUGE, HUGE_LONG = b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\xff\xff\xff\x7f"
MINUS, MINUS_LONG = b"\xff" * 4, b"\xff" * 8
FLOATS = named(1, b"torch.FloatTensor")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (TWO + HUGE + b"abc", "2,147,483,647 bytes are announced at byte 8, 3 are left"),
        (TWO + MINUS + b"abc", "-1 bytes are announced"),
        (THREE + ONE + HUGE + number(1) + number(1), "are announced at byte 36, 0 are left"),
        (THREE + ONE + MINUS, "a table of -1 entries"),
        (named(1, b"torch.DoubleStorage") + HUGE_LONG, "bytes are announced"),
        (named(1, b"torch.DoubleStorage") + MINUS_LONG, "-8 bytes are announced"),
        (FLOATS + HUGE, "a tensor of 2147483647 axes"),
        (FLOATS + MINUS, "a tensor of -1 axes"),
        (FLOATS + ONE + LONG[7] + LONG[1] + LONG[1] + STORAGE, "reaches out of its storage of 6"),
        (FLOATS + ONE + LONG[3] + LONG[3] + LONG[1] + STORAGE, "reaches out of its storage"),
        (FLOATS + ONE + LONG[6] + LONG[1] + LONG[2] + STORAGE, "reaches out of its storage"),
        (FLOATS + ONE + LONG[6] + LONG[1] + LONG[0] + STORAGE, "reaches out of its storage"),
        (FLOATS + ONE + LONG[1] + MINUS_LONG + LONG[1] + STORAGE, "reaches out of its storage"),
        (FLOATS + ONE + MINUS_LONG + LONG[1] + LONG[1] + STORAGE, "reaches out of its storage"),
        (FLOATS + ONE + HUGE_LONG + HUGE_LONG + HUGE_LONG + STORAGE, "reaches out of its storage"),
        (
            FLOATS + ONE + LONG[1] + LONG[1] + LONG[1] + number(1),
            "has no storage, or one of another",
        ),
        (named(1, b"torch.DoubleTensor") + ONE + LONG[1] * 3 + STORAGE, "or one of another type"),
        (named(1, b"nn.ReLU") + number(1), "a nn.ReLU holds a float where a table is expected"),
        (THREE + ONE + ONE + ZERO + number(1), "a table's key is a NoneType"),
        (
            THREE + ONE + ONE + FLOATS.replace(ONE, TWO, 1) + ZERO + LONG[1] + ZERO + ZERO,
            "a table's key",
        ),
        (b"\x09\0\0\0", "there is no type 9"),
        (b"", "it is empty"),
        (b"1\nabc\n", "damaged ahead of byte"),
        (b"3\n1\n99999999999\n", "damaged ahead of byte"),
        (b"2\n99\nabc\n", "99 bytes are announced at byte 5, 4 are left"),
        (b"4\n1\n3\nV 1\n18\ntorch.FloatStorage\n9000000000\n1 2\n", "9,000,000,000 values"),
    ],
)
def test_forged_sizes_are_refused(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(data, tmp_path)


def test_arrays_are_found_with_their_owner(tmp_path: Path) -> None:
    inner = tensor(np.ones(2), "Double")
    content = array(Torch("nn.Linear", weight=inner, again=inner, buffers=array(inner)))
    found = list(arrays_of(read(dump(content), tmp_path)))
    assert len(found) == 1
    assert found[0][0].startswith("nn.Linear.")
