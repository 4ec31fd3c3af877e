"""The weights that come with the package are found by the config's name."""

from pathlib import Path

import pytest
import torch

from mmhg.checkpoints import read_network
from mmhg.checkpoints.safetensors_file import read_safetensors
from mmhg.checkpoints.shipped import DEFAULT, find_checkpoint, shipped_weights, weights_of
from mmhg.errors import InputError
from mmhg.nn import StackedHourglass


def test_by_name(shipped: Path) -> None:
    assert shipped_weights() == {DEFAULT: shipped}
    assert weights_of(DEFAULT) == find_checkpoint(DEFAULT) == shipped
    with pytest.raises(
        InputError,
        match=r"no weights come with config hg8_mpii_256\. Give a CHECKPOINT of it\. "
        r"Weights come with hg2_lspet_128$",
    ):
        weights_of("hg8_mpii_256")


def test_a_file_of_that_name_comes_first(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(DEFAULT).mkdir()  # as a work directory may be called
    assert find_checkpoint(DEFAULT) == shipped
    Path(DEFAULT).rmdir()
    Path(DEFAULT).touch()
    assert find_checkpoint(DEFAULT) == Path(DEFAULT)
    assert find_checkpoint("other.pth") == Path("other.pth")


@pytest.mark.filterwarnings("error")  # the file says its input
def test_networks_of_torch_alone(shipped: Path) -> None:
    state = read_safetensors(shipped)["state_dict"]
    for name in (DEFAULT, shipped):
        network = StackedHourglass.from_checkpoint(name)
        assert network.input_mean == (0, 0, 0)
        assert {value.dtype for value in network.parameters()} == {torch.float32}
        for key, value in network.state_dict().items():
            assert torch.equal(value, state[f"backbone.{key}"].to(value.dtype)), key
    assert read_network(DEFAULT).structure.num_keypoints == 14
