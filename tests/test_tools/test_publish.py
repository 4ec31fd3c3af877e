"""From a checkpoint of training to what is handed on."""

import hashlib
import subprocess
import sys
from pathlib import Path

import torch

TOOL = Path(__file__).parents[2] / "tools/misc/publish_model.py"


def test_published_checkpoint_has_its_hash_and_no_optimizer(tmp_path: Path) -> None:
    state = {"weight": torch.arange(3.0)}
    trained = tmp_path / "epoch_1.pth"
    torch.save(dict(state_dict=state, meta=dict(epoch=1), optimizer=dict(state={})), trained)
    command = [sys.executable, TOOL, trained, tmp_path / "slim.pth"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (published,) = tmp_path.glob("slim*")
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    assert published.name.startswith(f"slim-{digest[:8]}_")
    content = torch.load(published)
    assert sorted(content) == ["meta", "state_dict"]
    assert content["state_dict"]["weight"].tolist() == [0, 1, 2]


def test_no_such_checkpoint(tmp_path: Path) -> None:
    command = [sys.executable, TOOL, tmp_path / "nosuch.pth", tmp_path / "slim.pth"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert "nosuch.pth" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
