"""`mmhg train`: what the preflight finds ends the command, with the reason and status 2."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner


@pytest.fixture
def options(lsp_root: Path) -> list[str]:
    """Return the words of a small training whose metric the data set cannot serve."""
    settings = ["param_scheduler=None", "train_cfg.max_epochs=1", "model.backbone.channels=16"]
    settings += ["val_evaluator.type=PCKhMetric", "default_hooks.checkpoint.save_best=PCKh@0.5"]
    for loader in ("train_dataloader", "val_dataloader"):
        settings += [f"{loader}.dataset.data_root={lsp_root}/lspet/"]
        settings += [f"{loader}.num_workers=0", f"{loader}.persistent_workers=False"]
        # The first image validates, the second is trained on.
        settings += [f"{loader}.dataset.hold_out=im00001.jpg,", f"{loader}.dataset.indices=1"]
    return ["hg2_lspet_128", "--work-dir", "work", "--cfg-options", *settings]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Runner]:
    """Count training steps."""
    made: list[Runner] = []
    monkeypatch.setattr(
        Hook, "before_train_iter", lambda _, runner, *__, **___: made.append(runner)
    )
    return made


def test_a_metric_that_the_data_cannot_serve_ends_it_before_the_first_step(
    options: list[str], tmp_path: Path, call: Callable, steps: list[Runner]
) -> None:
    done = call(tmp_path, "train", *options)
    assert done.returncode == 2
    assert "error: PCKhMetric: all people have no head size" in done.stderr
    assert "im00001.jpg, id 0. Use an annotation file with 'head_box'" in done.stderr
    assert not steps


def test_without_the_preflight_the_same_fails_at_the_validation(
    options: list[str], tmp_path: Path, call: Callable, steps: list[Runner]
) -> None:
    done = call(tmp_path, "train", "--no-preflight", *options)
    assert done.returncode == 2
    assert "error: PCKhMetric: all people have no head size" in done.stderr
    assert steps
