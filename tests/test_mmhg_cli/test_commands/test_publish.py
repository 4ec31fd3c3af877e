"""From a checkpoint of training to what is handed on."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
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
    content = torch.load(published, weights_only=True)
    assert sorted(content) == ["meta", "state_dict"]
    assert content["state_dict"]["weight"].tolist() == [0, 1, 2]


def test_no_such_checkpoint(tmp_path: Path, call: Call) -> None:
    result = call(tmp_path, "publish", "nosuch.pth", "slim.pth")
    assert result.returncode == 2
    assert result.stderr == "error: there is no checkpoint nosuch.pth. Check its path\n"


def test_half_precision_with_its_card(tmp_path: Path, made_weights: Path, call: Call) -> None:
    trained = made_weights.with_name("trained.pth")
    result = call(tmp_path, "publish", trained, "hg2_lspet_128.safetensors")
    assert result.returncode == 0, result.stderr
    path = tmp_path / "hg2_lspet_128.safetensors"
    assert path.read_bytes() == made_weights.read_bytes()
    assert result.stdout == (
        f"hg2_lspet_128.safetensors: {path.stat().st_size:,} bytes, with hg2_lspet_128.md\n"
    )
    assert (tmp_path / "hg2_lspet_128.md").read_text().startswith("# hg2_lspet_128\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["slim.safetensors"], "no config file 'slim'"),
        (["slim.safetensors", "--config", "hg2_synthetic_128"], "it is for 14 keypoints"),
        (["slim.safetensors", "--save-keys", "meta"], "--save-keys is for .pth"),
        (["slim.pth", "--config", "hg2_lspet_128"], "--config, --results and --note are for"),
    ],
)
def test_what_does_not_fit(
    words: list[str], message: str, tmp_path: Path, made_weights: Path, call: Call
) -> None:
    result = call(tmp_path, "publish", made_weights.with_name("trained.pth"), *words)
    assert result.returncode == 2
    assert message in result.stderr
    assert not list(tmp_path.iterdir())
