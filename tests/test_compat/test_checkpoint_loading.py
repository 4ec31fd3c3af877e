"""mmengine's checkpoints load with weights_only on, and hostile ones do not."""

import builtins
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub
from mmengine.optim import OneCycleLR
from mmengine.runner import CheckpointLoader, load_checkpoint

import mmhg  # noqa: F401  (applies compat)
from mmhg.compat.checkpoint_loading import apply, restricted_getattr


def test_message_hubs_and_numpy_scalars_load(tmp_path: Path) -> None:
    hub = MessageHub("checkpoint-loading")
    for loss in (3.0, 1.0, 2.0):
        hub.update_scalar("train/loss", loss)
    hub.update_info("best_score", np.float64(87.5))
    path = tmp_path / "checkpoint.pth"
    arrays = dict(a=np.arange(3), b=np.ones(2, np.float32), c=np.int64(5))
    torch.save(dict(message_hub=hub.state_dict(), arrays=arrays), path)

    loaded = torch.load(path, weights_only=True)
    buffer = loaded["message_hub"]["log_scalars"]["train/loss"]
    assert isinstance(buffer, HistoryBuffer)
    assert (buffer.min(), buffer.max(), buffer.mean(), buffer.current()) == (1.0, 3.0, 2.0, 2.0)
    assert loaded["message_hub"]["runtime_info"]["best_score"] == 87.5
    np.testing.assert_array_equal(loaded["arrays"]["a"], [0, 1, 2])
    assert loaded["arrays"]["c"] == 5


def test_load_from_works(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 2)
    path = tmp_path / "checkpoint.pth"
    hub = MessageHub("load-from")
    hub.update_scalar("train/loss", 1.0)
    torch.save(dict(state_dict=model.state_dict(), message_hub=hub.state_dict()), path)
    other = torch.nn.Linear(2, 2)
    load_checkpoint(other, str(path), strict=True)
    torch.testing.assert_close(other.weight, model.weight)


def test_a_one_cycle_schedule_loads(tmp_path: Path) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    settings = dict(eta_max=0.1, total_steps=10)
    scheduler = OneCycleLR(optimizer, **settings)
    path = tmp_path / "checkpoint.pth"
    torch.save(dict(param_schedulers=[scheduler.state_dict()]), path)
    optimizer.step()
    scheduler.step()

    other = OneCycleLR(optimizer, **settings)
    (state,) = torch.load(path, weights_only=True)["param_schedulers"]
    other.load_state_dict(state)
    other.step()
    assert other.get_last_value() == scheduler.get_last_value()


class Hostile:
    """Pickles as a call of any function."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "hostile",
    [
        Hostile(os.system, "true"),
        Hostile(getattr, HistoryBuffer, "__init__"),
        Hostile(getattr, HistoryBuffer, "update"),
        Hostile(getattr, "", "__class__"),
        Hostile(eval, "1"),
        Hostile(builtins.__import__, "os"),
        Hostile(bytes, 10**10),
    ],
    ids=["os.system", "getattr-init", "getattr-update", "getattr-str", "eval", "import", "bytes"],
)
def test_hostile_files_are_refused(tmp_path: Path, hostile: Hostile) -> None:
    path = tmp_path / "hostile.pth"
    torch.save(dict(state_dict={}, message_hub=hostile), path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


def test_empty_arrays_load(tmp_path: Path) -> None:
    """A data set without a skeleton has one, the colors of its lines."""
    empty = np.zeros((0, 3), np.uint8)
    torch.save(dict(meta=dict(dataset_meta=dict(colors=empty))), tmp_path / "a.pth")
    content = torch.load(tmp_path / "a.pth", weights_only=True)
    found = content["meta"]["dataset_meta"]["colors"]
    assert (found.shape, found.dtype) == ((0, 3), np.uint8)


def test_getattr_is_restricted_to_the_statistics() -> None:
    assert restricted_getattr(HistoryBuffer, "mean") is HistoryBuffer.mean
    for owner, name in ((HistoryBuffer, "update"), (dict, "mean"), (os, "system")):
        with pytest.raises(pickle.UnpicklingError, match=name):
            restricted_getattr(owner, name)


def test_nothing_of_a_checkpoint_is_a_config_or_a_path(tmp_path: Path) -> None:
    """mmengine runs `config` when it resumes, `cfg` in inferencers, and removes the best."""
    info = dict(best_score=3.0, cfg="code", last_ckpt="/a", best_ckpt="/a", best_ckpt_AP="/b")
    info["coco_ann_file"] = "/etc/passwd"
    info["keep_ckpt_ids"] = [1, "../x", True, 2.0, -1, 10**40, 7]
    hub = dict(log_scalars={}, runtime_info=info, resumed_keys=dict.fromkeys(info, True))
    meta = dict(epoch=3, config="code", cfg="code", dataset_meta=dict(name="x"))
    path = tmp_path / "a.pth"
    torch.save(dict(meta=meta, message_hub=hub, state_dict={}), path)
    content = CheckpointLoader.load_checkpoint(str(path))
    assert content["meta"] == dict(epoch=3, dataset_meta=dict(name="x"))
    assert content["message_hub"]["runtime_info"] == dict(best_score=3.0, keep_ckpt_ids=[1, 7])
    assert content["message_hub"]["resumed_keys"] == dict(best_score=True, keep_ckpt_ids=True)


@pytest.mark.parametrize("content", [[1], dict(meta=None), dict(meta="config", message_hub=[1])])
def test_checkpoints_of_other_shapes_load(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "a.pth")
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / "a.pth"))
    assert loaded == (content | dict(meta={}) if isinstance(content, dict) else content)


@pytest.mark.parametrize("place", ["message_hub", "meta"])
def test_mmposes_inferencers_run_no_config_of_a_checkpoint(place: str, tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'ran')!r}, 'w')\nmodel = dict()"
    hub = dict(runtime_info=dict(cfg=code) if place == "message_hub" else {})
    torch.save(dict(meta=dict(cfg=code), message_hub=hub, state_dict={}), tmp_path / "a.pth")
    from mmpose.apis.inferencers import Pose2DInferencer

    with pytest.raises(ValueError, match="Cannot find the config in the checkpoint"):
        Pose2DInferencer(None, weights=str(tmp_path / "a.pth"), device="cpu")
    assert not (tmp_path / "ran").exists()


def test_applied_once() -> None:
    before = CheckpointLoader.load_checkpoint.__func__
    apply()
    assert CheckpointLoader.load_checkpoint.__func__ is before
