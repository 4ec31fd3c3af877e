"""Tuples in tuples do not hang whoever reads a checkpoint."""

import time
import zipfile
from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmhg.checkpoints import read_network
from mmhg.checkpoints.nested_tuples import check_tuples
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint


def load_of_mmengine(path: Path) -> None:
    """Load as `load_from` and `--resume` do."""
    CheckpointLoader.load_checkpoint(str(path))


READERS = [read_network, read_checkpoint, check_tuples, load_of_mmengine]


def nested(levels: int) -> bytes:
    """Return a pickle of a dict with a tuple that has 2^levels parts, as a key."""
    name = b"X\2\0\0\0%02d"
    inside = b"".join(
        name % level + b"h%ch%c\x86q%c" % (level, level, level + 1) for level in range(levels)
    )
    return b"\x80\2}(" + name % 99 + b")q\0" + inside + b"h%cK\1u." % levels


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("kind", ["archive", "pickle"])
def test_a_tuple_of_many_tuples_is_refused_at_once(read, kind, tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(nested(60))
    if kind == "archive":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/data.pkl", nested(60))
            archive.writestr("a/version", "3\n")
    begin = time.process_time()
    with pytest.raises(InputError, match="a tuple in a tuple, again and again"):
        read(path)
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("legacy", [False, True])
def test_usual_tuples_pass(legacy, tmp_path: Path):
    shared = tuple(range(50))
    content = dict(
        state_dict={f"{n}.weight": torch.ones(2, 3) for n in range(100)},
        names=tuple(f"{n}.jpg" for n in range(20_000)),
        shared=[(shared, shared)] * 100,
        meta={(1, (2, 3)): {"a": ((), ((),))}},
    )
    path = tmp_path / "a.pth"
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    check_tuples(path)
    assert read_checkpoint(path)["meta"] == content["meta"]


@pytest.mark.parametrize("data", [b"", b"PK\3\4 and more", b"\x80\2h\0.", b"text"])
def test_damage_is_left_to_pytorch(data, tmp_path):
    (tmp_path / "a.pth").write_bytes(data)
    check_tuples(tmp_path / "a.pth")
