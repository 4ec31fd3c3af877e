"""The last evaluation is in `results.json`."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.engine import ResultsHook


class Scores:
    measure, people = "PCKh of the head", 7

    def to_json(self) -> dict:
        return {"protocol": "official", "PCKh@0.5": 50.0, "joints": {"head_top": None}}


def evaluated(folder: Path, **settings: Any) -> SimpleNamespace:
    """Make a runner with the metrics of a validation or test."""
    evaluator = SimpleNamespace(metrics=[SimpleNamespace(scores=Scores()), SimpleNamespace()])
    return SimpleNamespace(
        work_dir=str(folder),
        cfg=SimpleNamespace(filename="configs/hg1_x.py"),
        val_evaluator=evaluator,
        test_evaluator=evaluator,
        **settings,
    )


def written(folder: Path) -> dict:
    assert [path.name for path in folder.iterdir()] == ["results.json"]
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("iteration", [7, 14])
def test_a_validation(iteration: int, tmp_path: Path) -> None:
    """The weights are noted for the last one, as they are while it runs; undefined is null."""
    model = torch.nn.Linear(1, 1)
    model.test_cfg = dict(flip_test=True)
    weights = fingerprint(model.state_dict())
    runner = evaluated(tmp_path, model=model, iter=iteration, max_iters=14)
    hook = ResultsHook()
    hook.before_val_epoch(runner)
    torch.nn.init.constant_(model.weight, 9)  # as EMAHook puts the raw weights back
    hook.after_val_epoch(runner, {"PCKh@0.5": 50.0, "Ankle": float("nan")})
    assert written(tmp_path) == {
        "iteration": iteration,
        "config": "hg1_x",
        **({"weights": weights} if iteration == 14 else {}),
        "flip_test": True,
        "people": {"PCKh of the head": 7},
        "protocol": "official",
        "PCKh@0.5": 50.0,
        "Ankle": None,
        "joints": {"head_top": None},
    }


def test_a_test(tmp_path: Path) -> None:
    model = torch.nn.Linear(1, 1)
    # Without `iter`, for which mmengine would load the training data.
    runner = evaluated(tmp_path, model=model, _load_from="a.pth")
    hook = ResultsHook()
    hook.before_test_epoch(runner)
    hook.after_test_epoch(runner, {"PCKh@0.5": 60.0})
    found = written(tmp_path)
    assert (found["PCKh@0.5"], found["checkpoint"]) == (60.0, "a.pth")
    assert found["weights"] == fingerprint(model.state_dict())
    assert not {"iteration", "flip_test"} & found.keys()


def test_an_evaluation_without_metrics_leaves_results_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("of training")
    evaluator = SimpleNamespace(metrics=[])
    tested = SimpleNamespace(work_dir=str(tmp_path), test_evaluator=evaluator, _load_from="a.pth")
    ResultsHook().after_test_epoch(tested, {})
    assert (tmp_path / "results.json").read_text() == "of training"
