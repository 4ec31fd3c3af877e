"""mmengine and MMPose load `.safetensors` files, and weights by the config's name."""

from pathlib import Path

import pytest
import torch
from mmengine.runner import CheckpointLoader
from mmpose.apis import init_model

from mmhg.checkpoints.safetensors_file import read_safetensors
from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.models.loading import load_model, read_checkpoint


@pytest.mark.parametrize("by_name", [True, False])
def test_a_model_of_mmpose(by_name: bool, shipped: Path) -> None:
    name = "hg2_lspet_128" if by_name else str(shipped)
    content = read_safetensors(shipped)
    model = init_model(get_config("hg2_lspet_128"), name, device="cpu")
    for key, value in model.state_dict().items():
        assert torch.equal(value, content["state_dict"][key].to(value.dtype)), key
    assert (
        model.dataset_meta["keypoint_id2name"]
        == (content["meta"]["dataset_meta"]["keypoint_id2name"])
    )
    assert CheckpointLoader.load_checkpoint(name, torch.device("meta"))["state_dict"][
        "backbone.stem.0.weight"
    ].is_meta


def test_the_config_finds_its_own(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where nothing was trained
    model = load_model(get_config("hg2_lspet_128"))
    state = read_safetensors(shipped)["state_dict"]
    key = "backbone.stacks.1.prediction.weight"
    assert torch.equal(model.state_dict()[key], state[key].float())
    with pytest.raises(InputError, match="no weights come with config hg2_synthetic_128"):
        load_model(get_config("hg2_synthetic_128"))
    with pytest.raises(InputError, match="it is for 14 keypoints, the config for 16"):
        load_model(get_config("hg2_synthetic_128"), "hg2_lspet_128")


def test_other_files_load_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict=dict(a=torch.ones(1))), "bare_name")
    assert read_checkpoint("bare_name")["state_dict"]["a"].item() == 1
    for name in ("nosuch", "nosuch.pth", "nosuch.safetensors"):
        with pytest.raises(InputError, match=f"there is no checkpoint {name}"):
            read_checkpoint(name)
    Path("damaged.safetensors").write_bytes(bytes(16))
    with pytest.raises(InputError, match=r"^damaged\.safetensors: it cannot be read: Safetensor"):
        read_checkpoint("damaged.safetensors")
