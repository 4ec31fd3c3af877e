"""A config with two metrics, LSP's: both after each stack."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmhg import get_config
from mmhg_cli import main

NARROW = dict(channels=8, stem_channels=(4, 4, 4), num_stacks=2)


def test_joints_and_limbs_after_each_stack(
    lsp_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = get_config("hg8_lsp_256")
    config.model.backbone.update(NARROW)
    config.model.head.num_stages = 2
    for loader in (config.val_dataloader, config.test_dataloader):
        loader.dataset.data_root = f"{lsp_root}/lsp/"
        loader.update(num_workers=0, persistent_workers=False)
    config.dump(tmp_path / "narrow.py")
    init_default_scope("mmpose")
    torch.save(MODELS.build(config.model).state_dict(), tmp_path / "narrow.pth")

    paths = [str(tmp_path / name) for name in ("narrow.py", "narrow.pth", "out")]
    main(
        [
            "visualize",
            *paths[:2],
            "-o",
            paths[2],
            "--first",
            "2",
            "--animation",
            "none",
            "--device",
            "cpu",
        ]
    )
    report = json.loads((tmp_path / "out/scores.json").read_text())
    assert report["people"] == 2
    assert len(report["stacks"]) == 2
    for of_stack in report["stacks"]:
        assert {"PCK@0.2", "PCP@0.5", "PCP Torso"} <= set(of_stack)
    assert "PCP Torso" in capsys.readouterr().out
    assert (tmp_path / "out/sheet.png").stat().st_size > 10_000
