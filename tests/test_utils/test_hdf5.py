"""HDF5 files of others, read in a process of its own."""

import os
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from mmhg.errors import InputError
from mmhg.utils import hdf5, hdf5_child
from mmhg.utils.hdf5 import read_hdf5


def write(path: Path, **datasets) -> Path:
    with h5py.File(path, "w") as file:
        for name, content in datasets.items():
            file[name] = content
    return path


def test_reads_numbers_and_texts(tmp_path):
    texts = np.array(["a.jpg", "größer.jpg"], dtype=h5py.string_dtype())
    path = write(tmp_path / "a.h5", preds=np.arange(6.0).reshape(2, 3), names=texts, other=1)
    found = read_hdf5(path, ["preds", "names", "absent"])
    assert list(found) == ["preds", "names"]
    assert found["preds"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert [name.decode() for name in found["names"]] == ["a.jpg", "größer.jpg"]


def test_rows_tables_attributes_and_lists_of_bytes(tmp_path):
    table = np.array([(1, 2.5), (3, 4.5), (5, 6.5)], dtype=[("a", "i4"), ("b", "f8")])
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("group")
        group["table"] = table
        group.attrs["version"], group.attrs["text"] = 1.5, "größer"
        group.attrs["fixed"], group["table"].attrs["many"] = np.bytes_(b"abc"), [1, 2]
        group["files"] = np.array(
            [np.frombuffer(text, np.int8) for text in (b"\xff\0a", b"b", b"")],
            h5py.vlen_dtype(np.int8),
        )
        file["text"] = "alone"
    names = ["group@version", "group@text", "group@fixed", "group@none", "group/table@many", "text"]
    found = read_hdf5(tmp_path / "a.h5", ["group/table[1:9]", "group/files", *names])
    assert found["group/table[1:9]"].tolist() == [(3, 4.5), (5, 6.5)]
    assert found["group/table[1:9]"].dtype == table.dtype
    assert found["group/files"].tolist() == [b"\xff\0a", b"b", b""]
    values = [found[name].tolist() for name in names if name in found]
    assert values == [1.5, "größer".encode(), b"abc", [1, 2], b"alone"]


def test_what_is_no_plain_dataset_of_the_file(tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(80))
    other = write(tmp_path / "other.h5", preds=np.ones(10))
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("external", (10,), "f8", external=[(str(secret), 0, 80)])
        file["linked"] = h5py.ExternalLink(str(other), "preds")
        file["soft"] = h5py.SoftLink("/preds")
        layout = h5py.VirtualLayout((10,), "f8")
        layout[:] = h5py.VirtualSource(str(other), "preds", (10,))
        file.create_virtual_dataset("virtual", layout)
        file.create_group("group")
        file["reference"] = file["group"].ref
        file["group"]["inside"] = h5py.ExternalLink(str(other), "/")
        file.create_dataset("pairs", (2,), [("a", "i4"), ("b", h5py.ref_dtype)])
        file["lists"] = np.array([np.ones(2)] * 3 + [np.ones(1)], h5py.vlen_dtype("f8"))
    for name, words in {
        "external": "lies in another file",
        "linked": "is a link",
        "soft": "is a link",
        "virtual": "lies in another file",
        "group": "is no dataset",
        "reference": "has values of type object",
        "pairs": "has values of type",
        "lists": "has values of type",
        "group/inside": "is a link",
        "group/inside/preds": "is a link",
        "preds/none": "none of preds/none",
        "absent": r"it has \['external', .* none of absent",
    }.items():
        with pytest.raises(InputError, match=rf"people\.h5 is not an HDF5 file .*: .*{words}"):
            read_hdf5(path, [name], "people.h5")


def test_bombs_are_refused_by_their_size(tmp_path):
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:  # fill values, which the file does not have
        file.create_dataset("preds", (10**9, 16, 2), "f8", chunks=(1, 16, 2))
    assert path.stat().st_size < 10_000
    with pytest.raises(InputError, match=r"would take 256,000,000,000 bytes, at most 67,"):
        read_hdf5(path, ["preds"])


@pytest.mark.parametrize("data", [b"", b"\x89HDF\r\n\x1a\nno more", b"text" * 99])
def test_damaged_files(data, tmp_path):
    (tmp_path / "a.h5").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.h5 is not an HDF5 file that can be read: "):
        read_hdf5(tmp_path / "a.h5", ["preds"])


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "HDF5's library fails on it, with status -11"),
        ("limit()\nwhile True: pass", "it takes longer than 1 s"),
        ("limit()\nbytes(10**11)", "HDF5's library fails on it, with status 1"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_whatever_happens_to_the_process_is_a_sentence(program, words, tmp_path, monkeypatch):
    child = Path(hdf5_child.__file__).read_text().partition('\nif __name__ == "__main__"')[0]
    child = child.replace("SECONDS = 6", "SECONDS = 1")
    (tmp_path / "child.py").write_text(f"{child}\nimport os, signal\n{program}\n")
    monkeypatch.setattr(hdf5_child, "__file__", str(tmp_path / "child.py"))
    monkeypatch.setattr(hdf5_child, "SECONDS", 1)
    with pytest.raises(InputError, match=words):
        read_hdf5(tmp_path / "a.h5", ["preds"])


def test_no_python_is_an_error_of_ours(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InputError, match="No such file"):
        hdf5.read_hdf5(tmp_path / "a.h5", ["preds"])
