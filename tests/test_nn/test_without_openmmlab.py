"""The network needs torch and numpy alone; the rest says what to install."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmhg.models import HourglassBackbone

BLOCK = """
import sys

OTHERS = ("xtcocotools", "cv2", "h5py", "scipy", "matplotlib", "rich", "tabulate", "PIL")
sys.modules.update(dict.fromkeys(OTHERS))  # None: `import` fails

class Blocked:
    names = {"mmengine", "mmcv", "mmpose", "mmdet"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""

STEP = """
import torch
from mmhg.nn import (StackedHourglass, FastHourglass, decode_heatmaps, draw_targets,
                     intermediate_supervision_loss)

torch.manual_seed(0)
network = StackedHourglass(num_stacks=2, channels=16, stem_channels=(4, 8, 8), num_keypoints=3)
network.load_state_dict(torch.load(sys.argv[1]))
checkpoint = {f"backbone.{name}": value for name, value in network.state_dict().items()}
torch.save(dict(state_dict=checkpoint), sys.argv[3])
read = StackedHourglass.from_checkpoint(sys.argv[3])
assert all(value.equal(read.state_dict()[name]) for name, value in network.state_dict().items())
images = torch.load(sys.argv[2])
heatmaps = network.eval()(images)
fast = FastHourglass(network)(images)[0]
torch.save([*(stack.detach() for stack in heatmaps), fast], sys.argv[3])

targets = draw_targets(torch.tensor([[[9.0, 20], [30, 30], [40, 8]]] * 2), (16, 16))
optimizer = torch.optim.RMSprop(network.parameters(), lr=1e-3)
losses = []
for _ in range(5):
    loss = intermediate_supervision_loss(network.train()(images), targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(float(loss))
assert losses[-1] < losses[0]
keypoints, scores = decode_heatmaps(network.eval()(images)[-1])
assert keypoints.shape == (2, 3, 2) and scores.shape == (2, 3)

loaded = sorted({name.partition(".")[0] for name in sys.modules} & Blocked.names)
assert not loaded, loaded
"""


def run(code: str, *arguments: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_step_and_heatmaps_equal_to_the_backbones(tmp_path: Path) -> None:
    torch.manual_seed(0)
    backbone = HourglassBackbone(
        num_stacks=2, channels=16, stem_channels=(4, 8, 8), num_keypoints=3
    ).eval()
    images = torch.rand(2, 3, 64, 64)
    weights, inputs, outputs = (tmp_path / name for name in ("weights", "inputs", "outputs"))
    torch.save(backbone.state_dict(), weights)
    torch.save(images, inputs)
    run(BLOCK + STEP, weights, inputs, outputs)
    *heatmaps, fast = torch.load(outputs, weights_only=True)
    with torch.no_grad():
        expected = backbone(images)
    for found, wanted in zip(heatmaps, expected, strict=True):
        assert torch.equal(found, wanted)
    torch.testing.assert_close(fast, expected[-1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("use", ["mmhg.Predictor", "mmhg.get_config", "mmhg.models", "mmhg.export"])
def test_the_rest_says_what_is_missing_when_it_is_used(use: str) -> None:
    code = f"""
import mmhg
assert mmhg.__version__ and mmhg.nn.StackedHourglass
try:
    {use}
except ImportError as error:
    print(error)
"""
    message = run(BLOCK + code)
    assert "needs mmengine, mmcv, mmdet, mmpose, not installed here" in message
    assert "pip install --no-deps mmengine==" in message


def test_so_does_a_package_that_is_imported_by_its_name() -> None:
    code = "\ntry:\n    import mmhg.engine\nexcept ImportError as error: print(error)"
    assert "needs mmengine, mmcv, mmdet, mmpose, not installed here" in run(BLOCK + code)


def test_other_ways_to_be_without_a_package() -> None:
    absent = "import sys\nfor name in ('torch', 'mmengine'): sys.modules[name] = None\n"
    hooked = """
import builtins
original = builtins.__import__

def hook(name, *rest, **settings):
    if name.partition(".")[0] in ("mmengine", "mmcv", "mmpose", "mmdet"):
        raise ImportError(name)
    return original(name, *rest, **settings)

builtins.__import__ = hook
from mmhg.nn import Hourglass
"""
    ask = "\ntry:\n    from mmhg import Predictor\nexcept ImportError as error: print(error)"
    assert "needs torch, mmengine, not" in run(absent + "import mmhg" + ask)
    assert "needs mmengine, not" in run(hooked + "import mmhg" + ask)


def test_names_that_are_not_there_are_attribute_errors() -> None:
    import mmhg

    assert mmhg.Predictor.__name__ == "Predictor"
    assert not hasattr(mmhg, "Predicter")
