"""Damage in a checkpoint is found, wherever it is."""

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mmhg.checkpoints.integrity import check_archive
from mmhg.checkpoints.reading import read_pytorch
from mmhg.errors import InputError
from mmhg.models.loading import read_checkpoint

CONTENT = dict(state_dict=dict(a=torch.arange(50.0)), meta=dict(epoch=3, name="x"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.save(CONTENT, tmp_path / "epoch_3.pth")
    return tmp_path / "epoch_3.pth"


def same(content: Any) -> bool:
    weights = content["state_dict"].get("a")
    return (
        content["meta"] == CONTENT["meta"]
        and weights is not None
        and torch.equal(weights, CONTENT["state_dict"]["a"])
    )


@pytest.mark.parametrize("read", [read_pytorch, read_checkpoint])
def test_whole_files_load(read: Callable, path: Path) -> None:
    assert same(read(path))


def test_a_flipped_byte_is_found_or_changes_nothing(path: Path) -> None:
    whole = path.read_bytes()
    found = 0
    positions = random.Random(0).sample(range(len(whole)), 150)
    for position in positions:
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        try:
            content = read_checkpoint(path)
        except InputError as error:
            assert str(path) in str(error)
            found += 1
        else:
            assert same(content), position
    assert found > 30  # the rest is padding, dates and the like


@pytest.mark.parametrize("member", ["data.pkl", "data/0"])
@pytest.mark.parametrize("read", [read_pytorch, read_checkpoint])
def test_every_part_is_checked(member: str, read: Callable, path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(f"epoch_3/{member}")
        with archive.open(info):
            begin = archive.fp.tell() if archive.fp else 0
    damaged = bytearray(path.read_bytes())
    damaged[begin + info.file_size // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=f"the checksum of its part epoch_3/{member} is another"):
        read(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_cut_files_are_found(share: float, path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match="it is damaged or was not written to its end"):
        check_archive(path)


def test_no_file_becomes_larger_in_memory(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["epoch_3/data/0"] = bytes(10_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=r"or not PyTorch's: it holds 10,000,\d+ bytes in \d\d,"):
        check_archive(path)


def test_files_without_checksums_load(path: Path) -> None:
    torch.save(CONTENT, path, _use_new_zipfile_serialization=False)
    assert same(read_checkpoint(path))
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(CONTENT, path)
    finally:
        torch.serialization.set_crc32_options(True)
    assert same(read_checkpoint(path))
