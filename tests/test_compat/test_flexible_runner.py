"""The numbers in a checkpoint of mmengine's FlexibleRunner."""

from types import SimpleNamespace
from typing import Any

from mmengine.runner import FlexibleRunner

import mmhg  # noqa: F401


def test_a_checkpoint_keeps_the_epoch_that_it_was_given() -> None:
    written: list[dict[str, Any]] = []

    class Strategy:
        def save_checkpoint(self, **settings: Any) -> None:
            written.append(settings["extra_ckpt"]["meta"])

    runner = SimpleNamespace(
        strategy=Strategy(),
        epoch=1,  # after the first epoch and its validation
        iter=4,
        cfg=SimpleNamespace(pretty_text=""),
        experiment_name="x",
        train_dataloader=SimpleNamespace(dataset=None),
        message_hub=SimpleNamespace(state_dict=dict),
    )
    FlexibleRunner.save_checkpoint(runner, "work", "epoch_1.pth", meta=dict(epoch=1, iter=4))
    FlexibleRunner.save_checkpoint(runner, "work", "epoch_2.pth")
    assert [(meta["epoch"], meta["iter"]) for meta in written] == [(1, 4), (2, 4)]
    assert "save_checkpoint" not in vars(runner.strategy)
