"""A config's model with a checkpoint's weights, all of them."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.models.loading import load_model


@pytest.fixture
def config() -> Config:
    config = get_config("hg1_synthetic_128")
    config.model.backbone.update(channels=16, stem_channels=(4, 8, 8))
    return config


@pytest.fixture
def state(config: Config) -> dict[str, torch.Tensor]:
    init_default_scope("mmpose")
    torch.manual_seed(3)
    return MODELS.build(config.model).state_dict()


def save(content: object, folder: Path) -> Path:
    torch.save(content, folder / "net.pth")
    return folder / "net.pth"


@pytest.mark.parametrize("prefix", ["", "module._orig_mod.", "model.", "pose_net.student."])
def test_all_weights_are_the_checkpoints(
    prefix: str, config: Config, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    named = {prefix + name: value for name, value in state.items()}
    for content in (named, dict(state_dict=named, meta=dict(epoch=1))):
        model = load_model(config, save(content, tmp_path))
        loaded = model.state_dict()
        assert loaded.keys() == state.keys()
        assert all(torch.equal(loaded[name], value) for name, value in state.items())
        assert not model.training
        assert model.dataset_meta["num_keypoints"] == 16


def test_the_checkpoints_own_metainfo_comes_first(
    config: Config, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    joints = load_model(config, save(state, tmp_path)).dataset_meta
    mine = joints | dict(dataset_name="mine")
    for meta, name in (
        (dict(dataset_meta=mine), "mine"),
        (dict(dataset_meta=dict(dataset_name="no keypoints")), joints["dataset_name"]),
        (dict(dataset_meta=["no", "dict"]), joints["dataset_name"]),
        ("no dict", joints["dataset_name"]),
        (None, joints["dataset_name"]),
    ):
        model = load_model(config, save(dict(state_dict=state, meta=meta), tmp_path))
        assert model.dataset_meta["dataset_name"] == name


def test_weights_of_the_bare_backbone_load(
    config: Config, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    bare = {f"net.{name.removeprefix('backbone.')}": value for name, value in state.items()}
    loaded = load_model(config, save(dict(model=bare), tmp_path)).state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_a_checkpoint_of_several_networks_is_refused(
    config: Config, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    path = save(dict(student=state, teacher=state, epoch=3), tmp_path)
    with pytest.raises(InputError, match=r"net\.pth: it holds several .* 'student', 'teacher'\. S"):
        load_model(config, path)


def test_a_checkpoint_that_lacks_a_layer_is_refused(
    config: Config, state: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    del state["backbone.stem.0.bias"]
    with pytest.raises(InputError, match=r"net\.pth is of another network.*stem\.0\.bias"):
        load_model(config, save(dict(state_dict=state), tmp_path))


def test_what_is_no_checkpoint_file(config: Config, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"checkpoint {tmp_path} is a folder\. Give a checkpoint"):
        load_model(config, tmp_path)
    with pytest.raises(InputError, match=r"there is no checkpoint .*nosuch\.pth\. Check its path"):
        load_model(config, tmp_path / "nosuch.pth")


@pytest.mark.parametrize("name", ["hg1_synthetic_128", "heatmap_head"])
def test_another_number_of_keypoints_is_named(name: str, tmp_path: Path) -> None:
    init_default_scope("mmpose")
    config = get_config(name)
    state = MODELS.build(config.model).state_dict()
    for layer in [key for key in state if "prediction" in key or "final_layer" in key]:
        state[layer] = state[layer][:14]
    message = r"config's: it is for 14 keypoints, the config for 16; 2 tensors of another shape"
    with pytest.raises(InputError, match=message):
        load_model(config, save(dict(state_dict=state), tmp_path))
