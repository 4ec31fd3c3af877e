"""Checkpoints in the layout of each published implementation become ours, and go back."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from mmhg.checkpoints import LAYOUTS, read_network
from mmhg.checkpoints.convert import from_pytorch
from mmhg.errors import InputError
from mmhg.models.converted import write_ours, write_theirs
from mmhg.nn.stack import Stem
from reference import layouts, network

DEEP = layouts.Size(num_stacks=8)
ONE = layouts.Size(num_stacks=1)
BLOCKS = layouts.Size(num_stacks=2, num_blocks=2, depth=3)
BEARPAWS_STEM = layouts.Size(num_stacks=2, num_blocks=4, stem_channels=(4, 6, 8))


def saved_by_princeton(size: layouts.Size) -> dict:
    state = layouts.princeton(size, prefix="model.module.")
    parameters = [torch.nn.Parameter(torch.ones(2))]
    optimizer = torch.optim.Adam(parameters)
    parameters[0].grad = torch.ones(2)
    optimizer.step()
    return dict(state_dict=state, optimizer=optimizer.state_dict(), epoch=7)


def saved_by_bearpaw(size: layouts.Size) -> dict:
    state = layouts.bearpaw(size, prefix="module.")
    optimizer = torch.optim.RMSprop([torch.nn.Parameter(torch.ones(2))]).state_dict()
    best = np.float64(0.88)
    return dict(epoch=3, arch="hg", state_dict=state, best_acc=best, optimizer=optimizer)


def saved(content: dict, path: Path, **options: bool) -> Path:
    torch.save(content, path, **options)
    return path


def build(config: Path, checkpoint: Path) -> torch.nn.Module:
    """Build the model of a written config with the checkpoint beside it, in float64."""
    with DefaultScope.overwrite_default_scope("mmpose"):
        model = MODELS.build(Config.fromfile(config).model).double().eval()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["state_dict"], strict=True)
    return model


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name


@pytest.mark.parametrize("size", [layouts.Size(), DEEP, ONE], ids=["2", "8", "1"])
def test_princeton(size: layouts.Size, tmp_path: Path) -> None:
    converted = read_network(saved(saved_by_princeton(size), tmp_path / "checkpoint.pt"))
    same(converted.state, layouts.ours(size, prefix="backbone."))
    assert converted.source == "princeton"
    assert converted.mean == (0, 0, 0)
    unused = [name for name in converted.dropped if "skip_layer" in name]
    # Two tensors of each residual, except for the two of the stem that change the width.
    assert len(unused) == 2 * (1 + size.num_stacks * (3 * size.depth + 2))
    assert converted.dropped.keys() - unused == {"optimizer", "epoch"}
    assert not converted.filled


@pytest.mark.parametrize("size", [layouts.Size(), DEEP, BLOCKS, BEARPAWS_STEM])
def test_bearpaw(size: layouts.Size, tmp_path: Path) -> None:
    converted = read_network(saved(saved_by_bearpaw(size), tmp_path / "model_best.pth.tar"))
    same(converted.state, layouts.ours(size, prefix="backbone."))
    assert converted.source == "bearpaw"
    assert converted.mean == (112.302, 113.22, 110.3385)
    assert converted.dropped.keys() == {"epoch", "arch", "best_acc", "optimizer"}


def test_anibali(tmp_path: Path) -> None:
    converted = read_network(saved(layouts.bearpaw(BLOCKS), tmp_path / "bearpaw_hg2.pth"))
    same(converted.state, layouts.ours(BLOCKS, prefix="backbone."))
    assert converted.source == "anibali"
    assert converted.mean == (112.302, 113.22, 110.3385)
    assert not converted.dropped


@pytest.mark.parametrize(
    "prefix", ["", "module.", "model.", "model.module.", "module.module.", "module._orig_mod."]
)
@pytest.mark.parametrize("zipped", [True, False], ids=["new", "legacy"])
def test_wrappers_and_old_files(prefix: str, zipped: bool, tmp_path: Path) -> None:
    state = {
        name: value
        for name, value in layouts.princeton(ONE, prefix=prefix).items()
        if not name.endswith("num_batches_tracked")  # as PyTorch 0.4.0
    }
    path = saved(state, tmp_path / "old.pt", _use_new_zipfile_serialization=zipped)
    converted = read_network(path)
    expected = layouts.ours(ONE, prefix="backbone.")
    counters = {name for name in expected if name.endswith("num_batches_tracked")}
    assert converted.filled.keys() == counters
    same(converted.state, {k: v * 0 if k in counters else v for k, v in expected.items()})


@pytest.mark.parametrize("source", ["princeton", "bearpaw"])
@pytest.mark.parametrize("fold", [False, True], ids=["heatmaps", "folded"])
def test_the_written_model_computes_the_same(source: str, fold: bool, tmp_path: Path) -> None:
    size = layouts.Size(num_blocks=1 if source == "princeton" else 2, num_stacks=3)
    tensors = getattr(layouts, source)(size)
    names = getattr(layouts, f"{source}_names")(size)
    converted = read_network(saved(tensors, tmp_path / "theirs.pth"))
    write_ours(converted, tmp_path / "ours.pth", fold=fold)
    model = build(tmp_path / "ours.py", tmp_path / "ours.pth")
    images = torch.randn(1, 3, 64, 64, dtype=torch.float64)
    with torch.no_grad():
        expected = network.Network(tensors, names, size, training=False)(images)
        found = model(images, None, mode="tensor")
    assert len(found) == 3
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    assert expected[-1].std() > 1e-2


@pytest.mark.parametrize(
    ("source", "mean"), [("princeton", [0, 0, 0]), ("bearpaw", [112.302, 113.22, 110.3385])]
)
def test_the_config_beside_it(source: str, mean: list[float], tmp_path: Path) -> None:
    converted = read_network(saved(getattr(layouts, source)(), tmp_path / "theirs.pth"))
    notes = write_ours(converted, tmp_path / "ours.pth")
    cfg = Config.fromfile(tmp_path / "ours.py")
    assert cfg.model.data_preprocessor.mean == mean
    assert cfg.model.data_preprocessor.std == [255, 255, 255]
    assert cfg.model.data_preprocessor.bgr_to_rgb is True
    assert (cfg.model.backbone.num_stacks, cfg.model.backbone.num_keypoints) == (2, 3)
    assert cfg.model.head.decoder == cfg.codec
    assert cfg.custom_imports == dict(imports=["mmhg"])
    assert len(notes) == 1 and "3 keypoints" in notes[0]
    text = (tmp_path / "ours.py").read_text()
    assert str(tmp_path) not in text and str(Path.home()) not in text
    meta = torch.load(tmp_path / "ours.pth", weights_only=True)["meta"]
    assert meta["input"] == dict(mean=mean, std=[255, 255, 255])
    assert meta["converted_from"] == ("princeton" if source == "princeton" else "anibali")


def test_back_to_princeton(tmp_path: Path) -> None:
    theirs = saved_by_princeton(layouts.Size())
    write_ours(read_network(saved(theirs, tmp_path / "a.pt")), tmp_path / "b.pth")
    ours = read_network(tmp_path / "b.pth")
    filled, notes = write_theirs(ours, LAYOUTS["princeton"], tmp_path / "c.pt")
    back = torch.load(tmp_path / "c.pt", weights_only=True)
    assert back["epoch"] == 0 and not back["optimizer"]["state"]
    parameters = [name for name in theirs["state_dict"] if name.endswith((".weight", ".bias"))]
    assert len(back["optimizer"]["param_groups"][0]["params"]) == len(parameters)
    assert {f"model.module.{name}" for name in filled} == {
        name
        for name, value in back["state_dict"].items()
        if "skip_layer" in name and not value.any()
    }
    expected = {
        name: value * 0 if name.removeprefix("model.module.") in filled else value
        for name, value in theirs["state_dict"].items()
    }
    same(back["state_dict"], expected)
    assert len(notes) == 1 and "stem of (64, 128, 128)" in notes[0]
    same(read_network(tmp_path / "c.pt").state, ours.state)


def test_back_to_bearpaw(tmp_path: Path) -> None:
    theirs = saved_by_bearpaw(BLOCKS)
    write_ours(read_network(saved(theirs, tmp_path / "a.pt")), tmp_path / "b.pth")
    ours = read_network(tmp_path / "b.pth")
    assert ours.mean == (112.302, 113.22, 110.3385)
    filled, _ = write_theirs(ours, LAYOUTS["bearpaw"], tmp_path / "c.pt")
    back = torch.load(tmp_path / "c.pt", weights_only=True)
    assert not filled
    assert back.keys() == {"epoch", "arch", "state_dict", "best_acc", "optimizer"}
    same(back["state_dict"], theirs["state_dict"])
    optimizer = torch.optim.RMSprop(
        [
            torch.nn.Parameter(value)
            for name, value in back["state_dict"].items()
            if name.endswith((".weight", ".bias"))
        ]
    )
    optimizer.load_state_dict(back["optimizer"])  # wants as many parameters


@pytest.mark.skipif(
    "in_channels" not in inspect.signature(Stem).parameters, reason="the backbone takes RGB"
)
@pytest.mark.parametrize("in_channels", [1, 6])
def test_other_channels_than_rgb(in_channels: int, tmp_path: Path) -> None:
    state = layouts.ours(ONE, prefix="backbone.")
    state["backbone.stem.0.weight"] = torch.randn(4, in_channels, 7, 7, dtype=torch.float64)
    converted = read_network(saved(state, tmp_path / "theirs.pth"))
    assert converted.structure.in_channels == in_channels
    notes = write_ours(converted, tmp_path / "ours.pth")
    assert f"takes {in_channels} channels, the config's pipelines load 3" in notes[-1]
    model = build(tmp_path / "ours.py", tmp_path / "ours.pth")
    image = torch.full((in_channels, 64, 64), 51.0)
    batch = model.data_preprocessor(dict(inputs=[image], data_samples=[PoseDataSample()]))
    assert batch["inputs"].shape == (1, in_channels, 64, 64)
    torch.testing.assert_close(batch["inputs"].double().mean().item(), 0.2)
    assert model.backbone(batch["inputs"].double())[0].shape == (1, 3, 16, 16)
    same(read_network(tmp_path / "ours.pth").state, converted.state)
    _, notes = write_theirs(converted, LAYOUTS["princeton"], tmp_path / "c.pt")
    assert f"princeton's code takes 3 channels, this network {in_channels}" in notes
    assert read_network(tmp_path / "c.pt").structure.in_channels == in_channels


def test_another_input_is_noted(tmp_path: Path) -> None:
    converted = read_network(saved(layouts.bearpaw(), tmp_path / "a.pth"))
    _, notes = write_theirs(converted, LAYOUTS["princeton"], tmp_path / "b.pt")
    assert (
        "expects RGB in [0, 1] minus (0.4404, 0.4440, 0.4327), princeton's code feeds" in notes[0]
    )


def test_princeton_has_one_residual_a_place(tmp_path: Path) -> None:
    converted = read_network(saved(layouts.bearpaw(BLOCKS), tmp_path / "a.pth"))
    with pytest.raises(InputError, match="2 residuals at each place, princeton's has one"):
        write_theirs(converted, LAYOUTS["princeton"], tmp_path / "b.pt")
    assert not (tmp_path / "b.pt").exists()


def test_the_input_of_a_training_is_assumed(tmp_path: Path) -> None:
    path = saved(dict(state_dict=layouts.ours(prefix="backbone.")), tmp_path / "epoch_1.pth")
    converted = read_network(path)
    assert converted.mean == (0, 0, 0)
    assert "RGB in [0, 1] is assumed" in converted.notes[0]


@pytest.mark.parametrize("source", ["princeton", "bearpaw", "ours"])
def test_missing_tensors_are_named(source: str) -> None:
    prefix = "backbone." if source == "ours" else ""
    state = getattr(layouts, source)(layouts.Size(depth=1, num_stacks=1), prefix=prefix)
    unneeded = from_pytorch(state).dropped
    needed = [name for name in state if not name.endswith("num_batches_tracked")]
    needed = [name for name in needed if name not in unneeded]
    assert len(needed) > 100
    for name in needed[::7]:
        with pytest.raises(InputError, match=re.escape(name)):
            from_pytorch({key: value for key, value in state.items() if key != name})


@pytest.mark.parametrize("source", ["princeton", "bearpaw", "ours"])
@pytest.mark.parametrize("extra", ["extra.weight", "outs.9.conv.weight", "score.9.weight"])
def test_unknown_tensors_are_named(source: str, extra: str, tmp_path: Path) -> None:
    prefix = "backbone." if source == "ours" else ""
    state = getattr(layouts, source)(ONE, prefix=prefix) | {extra: torch.ones(2)}
    with pytest.raises(InputError, match=extra):
        read_network(saved(state, tmp_path / "extra.pth"))


def test_wrong_shapes_are_named(tmp_path: Path) -> None:
    state = layouts.princeton(ONE)
    state["hgs.0.0.low2.up1.conv2.conv.weight"] = torch.ones(4, 4, 1, 1)
    expected = r"hgs\.0\.0\.low2\.up1\.conv2\.conv\.weight \(4, 4, 1, 1\) instead of \(4, 4, 3, 3\)"
    with pytest.raises(InputError, match=expected):
        read_network(saved(state, tmp_path / "shape.pth"))


def test_a_needed_skip_is_not_dropped(tmp_path: Path) -> None:
    state = layouts.princeton(ONE)
    del state["pre.1.skip_layer.conv.weight"]
    with pytest.raises(InputError, match=r"lacks pre\.1\.skip_layer\.conv\.weight"):
        read_network(saved(state, tmp_path / "skip.pth"))


def test_princetons_wider_hourglasses_are_refused(tmp_path: Path) -> None:
    state = layouts.princeton(layouts.Size(depth=1, num_stacks=1))
    wider = {
        name: torch.ones([n + 2 if n == 8 else n for n in value.shape])
        for name, value in state.items()
        if name.startswith("hgs.0.0.low2")
    }
    with pytest.raises(InputError, match=r"hgs\.0\.0\.low2\.bn1\.weight \(10,\) instead of \(8,\)"):
        read_network(saved(state | wider, tmp_path / "increase.pth"))
