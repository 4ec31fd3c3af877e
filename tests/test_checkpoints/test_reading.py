"""Untrusted checkpoints: old ones load, hostile and damaged ones are refused."""

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from mmhg.checkpoints import read_network
from mmhg.checkpoints.reading import is_torch7, read_pytorch, split
from mmhg.errors import InputError
from reference import layouts

SIZE = layouts.Size(num_stacks=1, depth=1)


class Hostile:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def test_numpy_scalars_and_arrays_load(tmp_path: Path) -> None:
    path = tmp_path / "numpy.pth"
    content = dict(best_acc=np.float64(0.5), count=np.int64(3), curve=np.arange(3.0))
    torch.save(dict(content, state_dict={}), path)
    loaded = read_pytorch(path)
    assert (loaded["best_acc"], loaded["count"]) == (0.5, 3)
    np.testing.assert_array_equal(loaded["curve"], [0, 1, 2])


def text(value: bytes) -> bytes:
    """Pickle a string as Python 2 does: its bytes, without an encoding."""
    return b"U" + bytes([len(value)]) + value


def call(function: bytes, *arguments: bytes) -> bytes:
    return b"c" + function + b"\n" + b"(" + b"".join(arguments) + b"tR"


def test_files_of_python_2_load(tmp_path: Path) -> None:
    """Laid out by hand: torch 0.3's file of `{'best_acc': numpy.float64(0.3), 'state_dict': ...}`.

    The bytes of 0.3 are not UTF-8.
    """
    dtype = call(b"numpy\ndtype", text(b"f8"), b"K\x00", b"K\x01")
    dtype += b"(K\x03" + text(b"<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    scalar = call(b"numpy.core.multiarray\nscalar", dtype, text(struct.pack("<d", 0.3)))
    storage = b"(" + text(b"storage") + b"ctorch.cuda\nFloatStorage\n" + text(b"77")
    storage += text(b"cuda:0") + b"K\x02" + b"NtQ"
    tensor = call(b"torch._utils\n_rebuild_tensor", storage, b"K\x00", b"(K\x02t", b"(K\x01t")
    entries = text(b"best_acc") + scalar
    entries += text(b"state_dict") + b"}(" + text(b"w") + tensor + b"u"
    magic, protocol = 0x1950A86A20F9469CFC6C, 1001
    system = dict(protocol_version=protocol, little_endian=True)
    file = b"".join(pickle.dumps(value, 2) for value in (magic, protocol, system))
    file += b"\x80\x02}(" + entries + b"u."
    file += b"\x80\x02](" + text(b"77") + b"e."
    file += struct.pack("<q2f", 2, 1.5, -2.5)
    path = tmp_path / "model_best.pth.tar"
    path.write_bytes(file)

    content = read_pytorch(path)
    assert content["best_acc"] == 0.3
    tensors, rest = split(content)
    assert torch.equal(tensors["w"], torch.tensor([1.5, -2.5]))
    assert rest.keys() == {"best_acc"}


@pytest.mark.parametrize("zipped", [True, False], ids=["new", "legacy"])
@pytest.mark.parametrize(
    ("hostile", "named"),
    [
        (Hostile(os.system, "touch ran"), "system"),
        (Hostile(eval, "open('ran', 'w')"), "eval"),
        (Hostile(getattr, "", "__class__"), "getattr"),
        (torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
    ],
    ids=["os.system", "eval", "getattr", "a whole model"],
)
def test_files_that_would_run_code_are_refused(
    hostile: object, named: str, zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    content = dict(state_dict=layouts.princeton(SIZE), optimizer=hostile)
    torch.save(content, "hostile.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=f"hostile.pth: refused, and nothing.*{named}") as caught:
        read_network(Path("hostile.pth"))
    assert "weights_only" not in str(caught.value)
    assert not Path("ran").exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["new", "legacy"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_files_cut_short_are_refused(part: float, zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "cut.pth"
    torch.save(layouts.princeton(SIZE), path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(InputError, match=r"cut\.pth: "):
        read_network(path)


@pytest.mark.parametrize(
    "content", [b"", b"\x80", b"PK\x03\x04", b"{}", b"hello world" * 99, bytes(99), b"4\n1\n"]
)
@pytest.mark.parametrize("source", ["auto", "princeton", "torch7"])
def test_files_of_other_kinds_are_refused(content: bytes, source: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.pth: "):
        read_network(path, source)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1, 2], "holds a list, not a dict"),
        (dict(state_dict=3), "state_dict is a int, not a dict"),
        (dict(state_dict=dict(a=3)), "a is a int, not a tensor"),
        (dict(a=torch.ones(2), epoch=3), "epoch is a int, not a tensor"),
        (dict(a=torch.ones(2, 2).to_sparse()), "a is not a dense tensor"),
        (dict(a=torch.ones(1).expand(9, 9)), r"a of shape \(9, 9\) is larger than its storage"),
        (dict(a=torch.ones(2)), "keys of none of princeton, bearpaw, mmhg: a"),
        ({}, "its 0 tensors have keys of none of .*: there are none"),
    ],
)
def test_other_contents_are_refused(content: object, message: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(InputError, match=message):
        read_network(path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("bearpaw", "has the keys of princeton, not of bearpaw"),
        ("anibali", "has the keys of princeton, not of anibali"),
        ("mmhg", "has the keys of princeton, not of mmhg"),
        ("torch7", "is no Torch7 file, so it cannot be torch7's"),
    ],
)
def test_a_wrong_source_is_refused(source: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "princeton.pt"
    torch.save(layouts.princeton(SIZE), path)
    with pytest.raises(InputError, match=message):
        read_network(path, source)


def test_forged_sizes_cost_nothing(tmp_path: Path) -> None:
    state = layouts.princeton(SIZE)
    path = tmp_path / "forged.pt"
    torch.save(state | {"hgs.999999999.0.up1.bn1.weight": torch.ones(8)}, path)
    with pytest.raises(InputError, match=r"no tensors hgs\.999999999"):
        read_network(path)

    state[f"hgs.0.0{'.low2' * 9999}.up1.bn1.weight"] = torch.ones(8)
    torch.save(state, path)
    with pytest.raises(InputError, match="hourglasses halve the image 9,999 times"):
        read_network(path)

    state = {f"hg.{i}.hg.{i % 16}.0.{i}.bn1.weight": torch.ones(1) for i in range(999)}
    state |= {f"hg.0.hg.{i % 16}.0.{i}.bn1.weight": torch.ones(1) for i in range(999)}
    torch.save(state, path)
    with pytest.raises(InputError, match="999 stacks of depth 16 with 63 residuals per place"):
        read_network(path)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x04\0\0\0", True),
        (b"4\n1\n", True),
        (b"\x80\x02\x8a\n", False),
        (b"PK\x03\x04", False),
        (b"\x09\0\0\0", False),
        (b"9\n1\n", False),
        (b"\x04\0\0", False),
    ],
)
def test_torch7_files_are_told_by_their_beginning(
    head: bytes, expected: bool, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(head)
    assert is_torch7(path) is expected
