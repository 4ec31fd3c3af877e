"""The paper's ablations: each says in its name what it changes, costs the same, and learns."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from mmhg.models.complexity import measure_complexity

FOLDER = Path(__file__).parents[2] / "configs/ablations"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
GMACS = 0.45
PARTS = {
    None: {},
    "last": dict(supervision="last"),
    "midway": dict(supervision="midway"),
    "features": dict(reinject_heatmaps=False),
}


def samples(count: int, keypoints: int, side: int) -> list[PoseDataSample]:
    rng = np.random.default_rng(0)
    found = [PoseDataSample() for _ in range(count)]
    for sample in found:
        heatmaps = torch.from_numpy(rng.random((keypoints, side, side), dtype=np.float32))
        sample.gt_fields = PixelData(heatmaps=heatmaps)
        sample.gt_instance_labels = InstanceData(keypoint_weights=torch.ones(1, keypoints))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_ablation(name: str) -> None:
    init_default_scope("mmpose")
    cfg = Config.fromfile(FOLDER / f"{name}.py")
    stacks, blocks, kind = re.fullmatch(r"hg(\d)x(\d)_lspet_128(?:_(\w+))?", name).groups()
    backbone = cfg.model.backbone
    assert int(stacks) * int(blocks) == 8
    assert (backbone.num_stacks, backbone.get("num_blocks", 1)) == (int(stacks), int(blocks))
    switches = {
        key: backbone[key] for key in ("supervision", "reinject_heatmaps") if key in backbone
    }
    assert switches == PARTS[kind]

    cost = measure_complexity(cfg.model, (128, 128))[0]
    assert abs(cost.macs / 1e9 - GMACS) < 0.05 * GMACS

    torch.manual_seed(0)
    backbone.update(channels=16, stem_channels=(4, 8, 8))
    model = MODELS.build(cfg.model).train()
    before = {key: value.clone() for key, value in model.named_parameters()}
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    batch = dict(
        inputs=list(torch.randint(0, 256, (2, 3, 128, 128), dtype=torch.uint8)),
        data_samples=samples(2, 14, 32),
    )
    log = model.train_step(batch, OptimWrapper(optimizer=optimizer))
    outputs = {"last": 1, "midway": 2 * int(stacks) + 1}.get(kind, int(stacks))
    assert len([key for key in log if key.startswith("loss_stack")]) == outputs
    weights = {key: value for key, value in model.named_parameters() if value.ndim == 4}
    assert not any(value.equal(before[key]) for key, value in weights.items())


def test_every_arrangement_has_each_kind() -> None:
    """A single stack has nothing to re-inject, and no intermediate supervision to leave out."""
    kinds = ["", "_features", "_last", "_midway"]
    expected = [f"hg{n}x{8 // n}_lspet_128{kind}" for n in (2, 4, 8) for kind in kinds]
    assert sorted([*expected, "hg1x8_lspet_128", "hg1x8_lspet_128_midway"]) == NAMES
