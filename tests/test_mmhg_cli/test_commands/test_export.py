"""`mmhg export` as a command."""

import json
from pathlib import Path

import pytest
import torch

from mmhg.config.catalog import get_config

pytestmark = pytest.mark.openvino


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with `config.py` and `net.pth`, a slim network."""
    from mmpose.apis import init_model  # once mmhg has applied what it needs

    folder = tmp_path_factory.mktemp("network")
    config = get_config("hg8_mpii_256")
    config.model.backbone.update(num_stacks=2, depth=2, channels=8, stem_channels=(4, 4, 8))
    config.model.head.num_stages = 2
    config.dump(folder / "config.py")
    torch.save(dict(state_dict=init_model(config, device="cpu").state_dict()), folder / "net.pth")
    return folder


def test_folder(call, network, tmp_path):
    options = ["--format", "torchscript", "--fuse", "--decode", "--dynamic-batch"]
    done = call(tmp_path, "export", network / "config.py", network / "net.pth", *options)
    assert done.returncode == 0, done.stderr
    assert "against PyTorch: heatmaps differ by at most" in done.stdout
    assert "of 64 joints" in done.stdout
    folder = tmp_path / "net_torchscript"
    assert {path.name for path in folder.iterdir()} == {
        "model.torchscript",
        "model.json",
        "predict.py",
        "torch_program.py",
    }
    description = json.loads((folder / "model.json").read_text())
    assert description["outputs"] == ["keypoints", "scores", "heatmaps"]
    assert description["fused"] and description["input"]["dynamic_batch"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["config.py", "none.pth"], "none.pth"),
        (["config.py", "text.pth"], "text.pth cannot be loaded"),
        (["hg2_synthetic_128", "net.pth"], "net.pth is of another network than the config's"),
        (["hg8_mpi", "net.pth"], "Did you mean hg8_mpii"),
        (["config.py", "net.pth", "--format", "keras"], "invalid choice: 'keras'"),
        (["config.py", "net.pth", "-o", "text.pth"], "text.pth already exists"),
    ],
)
def test_bad_input(call, arguments, message, network, tmp_path):
    for name in ("config.py", "net.pth"):
        (tmp_path / name).symlink_to(network / name)
    (tmp_path / "text.pth").write_text("text")
    before = sorted(tmp_path.iterdir())
    options = [] if "--format" in arguments else ["--format", "torchscript"]
    done = call(tmp_path, "export", *arguments, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before
