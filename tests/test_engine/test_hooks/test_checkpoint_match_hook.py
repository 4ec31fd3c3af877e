"""Checkpoints that do not match the model are refused."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.runner import BaseLoop

from mmhg.engine import CheckpointMatchHook
from mmhg.nn import StackedHourglass


class Loop(BaseLoop):
    def __init__(self) -> None:
        pass

    def run(self) -> None: ...


def loaded(
    model: torch.nn.Module,
    state: dict,
    *,
    train: bool,
    resume: bool = False,
    begin_anew: tuple[str, ...] = (),
    meta: dict | None = None,
    load_from: str = "other.pth",
    metainfo: dict | None = None,
) -> tuple[dict, list[str]]:
    """Return the tensors that mmengine gets to load, and what is logged."""
    lines: list[str] = []
    runner = SimpleNamespace(
        model=model,
        logger=SimpleNamespace(info=lines.append, warning=lines.append),
        _resume=resume,
        _load_from=load_from,
        train_dataloader=SimpleNamespace(dataset=SimpleNamespace(metainfo=metainfo or {})),
        _train_loop=Loop() if train else {},
    )
    checkpoint = dict(state_dict=state, meta=meta)
    CheckpointMatchHook(begin_anew).after_load_checkpoint(runner, checkpoint)
    return checkpoint["state_dict"], lines


@pytest.mark.parametrize(
    "situation",
    [
        dict(train=False),
        dict(train=True),
        dict(train=True, resume=True),
        dict(train=False, begin_anew=("bias",)),
        dict(train=True, resume=True, begin_anew=("weight",)),
    ],
)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(extra=torch.zeros(1)), "1 tensors not in the model, extra"),
        (dict(weight=torch.zeros(3, 2)), r"of another shape, weight \(3, 2\) instead of \(2, 2\)"),
        (dict(weight=None), "1 tensors lacking, weight"),
    ],
)
def test_checkpoints_of_other_networks_are_refused(
    situation: dict, change: dict, message: str
) -> None:
    model = torch.nn.Linear(2, 2)
    loaded(model, model.state_dict(), **situation)
    state = {k: v for k, v in {**model.state_dict(), **change}.items() if v is not None}
    with pytest.raises(ValueError, match=rf"other\.pth is of another network.*{message}"):
        loaded(model, state, **situation)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_wrappers_names_are_taken_off(prefix: str) -> None:
    """mmengine, which takes off `module.` alone, would load nothing of the others."""
    model = torch.nn.Linear(2, 2)
    state = {prefix + name: value for name, value in model.state_dict().items()}
    assert loaded(model, state, train=False)[0].keys() == {"weight", "bias"}


class Stacks(torch.nn.Module):
    def __init__(self, keypoints: int) -> None:
        super().__init__()
        self.body = torch.nn.Conv2d(2, 4, 1)
        self.prediction = torch.nn.Conv2d(4, keypoints, 1)
        self.prediction_of_depth = torch.nn.Conv2d(4, 1, 1)


def test_fine_tuning_lists_what_begins_anew() -> None:
    saved, model = Stacks(3).state_dict(), Stacks(5)
    state, (line,) = loaded(model, saved, train=True, begin_anew=("prediction",))
    body = {name: saved[name] for name in saved if not name.startswith("prediction.")}
    assert {name: id(value) for name, value in state.items()} == {
        name: id(value) for name, value in body.items()
    }
    assert line == (
        "fine-tuning from other.pth: 4 tensors are loaded, 2 begin anew: "
        "prediction.weight, prediction.bias"
    )


def test_fine_tuning_leaves_nothing_else_out() -> None:
    saved, model = Stacks(3).state_dict(), Stacks(5)
    with pytest.raises(ValueError, match=r"of another shape, prediction\.weight.*begin_anew"):
        loaded(model, saved, train=True)
    with pytest.raises(ValueError, match=r"2 tensors lacking, body\.weight"):
        state = {name: value for name, value in saved.items() if "body" not in name}
        loaded(model, state, train=True, begin_anew=("prediction",))
    with pytest.raises(ValueError, match=r"begin_anew=\['score'\]\) names no layer of the model"):
        loaded(model, saved, train=True, begin_anew=("score",))


def test_shipped_weights_with_other_keypoints(shipped: Path) -> None:
    """The layers of the keypoints begin anew, in a training and where no layers are named."""
    saved, model = Stacks(3).state_dict(), Stacks(5)
    named = dict(load_from="hg2_lspet_128")
    state, (line,) = loaded(model, saved, train=True, **named)
    assert state.keys() == {name for name in saved if not name.startswith("prediction.")}
    assert line == (
        "fine-tuning from hg2_lspet_128: 4 tensors are loaded, 2 begin anew: "
        "prediction.weight, prediction.bias"
    )
    for situation in (dict(train=False), dict(train=True, resume=True)):
        with pytest.raises(ValueError, match="it is for 3 keypoints, the config for 5"):
            loaded(model, saved, **situation, **named)
    with pytest.raises(ValueError, match="it is for 3 keypoints, the config for 5"):
        loaded(model, saved, train=True, begin_anew=("body",), **named)
    with pytest.raises(ValueError, match=r"2 tensors lacking, body\.weight"):
        del saved["body.weight"], saved["body.bias"]
        loaded(model, saved, train=True, **named)


def test_shipped_weights_with_as_many_keypoints(shipped: Path) -> None:
    """All layers are loaded. The log says so if the keypoints have other names."""
    model = Stacks(2)
    names = {0: "hip", 1: "knee"}
    situation = dict(
        train=True, load_from="hg2_lspet_128", meta=dict(dataset_meta=dict(keypoint_id2name=names))
    )
    for others, said in ((names, 0), ({0: "nose", 1: "tail"}, 1)):
        metainfo = dict(keypoint_id2name=others)
        state, lines = loaded(model, model.state_dict(), metainfo=metainfo, **situation)
        assert state.keys() == model.state_dict().keys()
        assert len(lines) == said
    assert "as many keypoints under other names: hip, knee. Their layers are loaded" in lines[0]


def stacked(keypoints: int = 3, **settings: Any) -> torch.nn.Module:
    narrow = dict(num_stacks=1, channels=8, stem_channels=(4, 4, 4), depth=1)
    model = torch.nn.Module()
    model.backbone = StackedHourglass(num_keypoints=keypoints, **(narrow | settings))
    return model


@pytest.mark.parametrize("other", [dict(channels=16), dict(num_stacks=2), dict(depth=2)])
def test_shipped_weights_of_other_widths(shipped: Path, other: dict) -> None:
    """A training starts from scratch, and says so; a test and another file are refused."""
    saved, model = stacked().state_dict(), stacked(5, **other)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state, (line,) = loaded(model, saved, train=True, load_from="hg2_lspet_128")
    model.load_state_dict(state)
    assert all(before[name].equal(value) for name, value in model.state_dict().items())
    assert "training starts from scratch: hg2_lspet_128 is 1 x depth 1 x 8 features" in line
    for situation in (
        dict(train=False, load_from="hg2_lspet_128"),
        dict(train=True, resume=True, load_from="hg2_lspet_128"),
        dict(train=True),
    ):
        with pytest.raises(ValueError, match="is of another network"):
            loaded(model, saved, **situation)


@pytest.mark.parametrize("channels", [1, 4])
def test_images_of_other_channels(shipped: Path, channels: int) -> None:
    """An image whose channels are alike gives the same features, beside other keypoints too."""
    saved, model = stacked(), stacked(in_channels=channels)
    for name, keypoints, lines in (
        ("hg2_lspet_128", 3, 1),
        ("hg2_lspet_128", 5, 2),
        ("x.pth", 3, 1),
    ):
        model = stacked(keypoints, in_channels=channels)
        state, said = loaded(model, saved.state_dict(), train=True, load_from=name)
        assert len(said) == lines
        assert f"{name} is for images of 3 channels, the config's have {channels}" in said[0]
        model.load_state_dict(state, strict=False)
        gray = torch.rand(1, 1, 32, 32)
        with torch.no_grad():
            before = saved.backbone.stem.eval()(gray.repeat(1, 3, 1, 1))
            after = model.backbone.stem.eval()(gray.repeat(1, channels, 1, 1))
        torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-4)
    with pytest.raises(ValueError, match=r"of another shape, backbone\.stem\.0\.weight"):
        loaded(model, saved.state_dict(), train=False)


class Normalized(torch.nn.Linear):
    def __init__(self) -> None:
        super().__init__(2, 2)
        self.data_preprocessor = torch.nn.Module()
        for name, value in (("mean", [112.302, 113.22, 110.3385]), ("std", [255.0] * 3)):
            values = torch.tensor(value).view(3, 1, 1)
            self.data_preprocessor.register_buffer(name, values, persistent=False)


@pytest.mark.parametrize("train", [False, True])
def test_checkpoints_for_another_input_are_refused(train: bool) -> None:
    model = Normalized()
    meta = dict(input=dict(mean=[112.302, 113.22, 110.3385], std=[255, 255, 255]))
    loaded(model, model.state_dict(), train=train, meta=meta)
    loaded(model, model.state_dict(), train=train, meta=dict(epoch=3))
    meta["input"]["mean"] = [0, 0, 0]
    with pytest.raises(ValueError, match=r"mean \[0, 0, 0\].*Set model\.data_preprocessor\.mean"):
        loaded(model, model.state_dict(), train=train, meta=meta)


def test_input_of_one_channel() -> None:
    """One mean stands for three that are alike, and for no others."""
    model = Normalized()
    for name, value in (("mean", 0.0), ("std", 255.0)):
        setattr(model.data_preprocessor, name, torch.tensor([value]).view(1, 1, 1))
    meta = dict(input=dict(mean=[0, 0, 0], std=[255, 255, 255]))
    loaded(model, model.state_dict(), train=True, meta=meta)
    meta["input"]["mean"] = [112.302, 113.22, 110.3385]
    with pytest.raises(ValueError, match=r"trained on input with mean .*112\.302"):
        loaded(model, model.state_dict(), train=True, meta=meta)
