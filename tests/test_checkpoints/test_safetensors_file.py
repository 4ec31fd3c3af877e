"""`.safetensors` files: what is written comes back, and what cannot be read says why."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from safetensors.torch import save_file

from mmhg.checkpoints import read_network
from mmhg.checkpoints.safetensors_file import HEADER, read_safetensors, write_safetensors
from mmhg.datasets import LSPDataset
from mmhg.errors import InputError
from reference import layouts

SIZE = layouts.Size(num_stacks=2, depth=2)


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    """Also the arrays and the integer keys of MMPose's `dataset_meta`, which JSON does not keep."""
    joints = parse_pose_metainfo(LSPDataset.METAINFO)
    state = dict(a=torch.arange(6.0).view(2, 3).t().half(), n=torch.tensor(3))
    path = tmp_path / "net.safetensors"
    write_safetensors(path, state, dict(config="hg2", dataset_meta=joints))
    content = read_safetensors(path)
    assert {name: value.dtype for name, value in content["state_dict"].items()} == dict(
        a=torch.float16, n=torch.int64
    )
    assert all(torch.equal(content["state_dict"][name], value) for name, value in state.items())
    assert content["meta"]["config"] == "hg2"
    found = content["meta"]["dataset_meta"]
    assert found.keys() == joints.keys()
    for name, value in joints.items():
        if isinstance(value, np.ndarray):
            assert found[name].dtype == value.dtype
            np.testing.assert_array_equal(found[name], value)
        elif isinstance(value, list):
            np.testing.assert_array_equal(found[name], value)
        else:
            assert found[name] == value


def test_the_same_content_is_the_same_file(tmp_path: Path) -> None:
    state = {f"{name}": torch.full((2,), name) for name in range(9)}
    hashes = set()
    for number in range(8):
        path = tmp_path / f"{number}.safetensors"
        write_safetensors(path, state, dict(config="hg2", weights="0123", epoch=3))
        hashes.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(hashes) == 1


def test_a_network_of_another_program(tmp_path: Path) -> None:
    """It has no header of ours, and may have one of its own."""
    state = layouts.ours(SIZE, prefix="backbone.")
    path = tmp_path / "network.safetensors"
    save_file(state, path, dict(format="pt"))
    network = read_network(path)
    assert (network.source, network.mean, network.dropped) == ("mmhg", (0, 0, 0), {})
    assert all(torch.equal(network.state[name], value) for name, value in state.items())


def test_the_input_of_a_network_is_noted(tmp_path: Path) -> None:
    state = layouts.ours(SIZE, prefix="backbone.")
    path = tmp_path / "network.safetensors"
    write_safetensors(path, state, dict(input=dict(mean=[1, 2.5, 3])))
    network = read_network(path)
    assert (network.mean, network.notes) == ((1, 2.5, 3), ())


@pytest.mark.parametrize("header", ["{", "[1]", '{"dataset_meta": {}}', '{"dataset_meta": 3}'])
def test_a_header_that_is_not_ours_to_read(header: str, tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    save_file(dict(a=torch.zeros(1)), path, {HEADER: header})
    with pytest.raises(InputError, match=r"network\.safetensors: it cannot be read: \w+Error"):
        read_network(path)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "network.safetensors"
    save_file(layouts.ours(SIZE), path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"network\.safetensors: it cannot be read: Safetensor"):
        read_network(path)


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where only torch is installed, and `mmhg.nn` works."""
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    path = tmp_path / "network.safetensors"
    path.write_bytes(bytes(16))
    with pytest.raises(InputError, match=r"network\.safetensors: .* pip install safetensors"):
        read_network(path)
    with pytest.raises(InputError, match="pip install safetensors"):
        write_safetensors(path, {}, {})
