"""From a checkpoint of training to what is handed on."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

Call = Callable[..., Any]


def test_published_checkpoint_has_its_hash_and_no_optimizer(tmp_path: Path, call: Call) -> None:
    state = {"weight": torch.arange(3.0)}
    trained = tmp_path / "epoch_1.pth"
    torch.save(dict(state_dict=state, meta=dict(epoch=1), optimizer=dict(state={})), trained)
    result = call(tmp_path, "publish", trained, "slim.pth")
    assert result.returncode == 0, result.stderr
    (published,) = tmp_path.glob("slim*")
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    assert published.name.startswith(f"slim-{digest[:8]}_")
    content = torch.load(published)
    assert sorted(content) == ["meta", "state_dict"]
    assert content["state_dict"]["weight"].tolist() == [0, 1, 2]


def test_no_such_checkpoint(tmp_path: Path, call: Call) -> None:
    result = call(tmp_path, "publish", "nosuch.pth", "slim.pth")
    assert result.returncode == 2
    assert result.stderr == "error: there is no checkpoint nosuch.pth. Check its path\n"
