"""The short form of `make soak`."""

import sys
from collections import OrderedDict
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch
from mmpose.visualization import PoseLocalVisualizer

PATH = Path(__file__).parents[2] / "tools" / "dev" / "soak.py"


@pytest.fixture(scope="module")
def soak() -> ModuleType:
    spec = spec_from_file_location("mmhg_soak", PATH)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["mmhg_soak"] = module
    spec.loader.exec_module(module)
    return module


def test_killed_trainings_end_as_an_undisturbed_one(
    soak: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its trainings are forks of this process, in which another test may have made the visualizer.
    monkeypatch.setattr(PoseLocalVisualizer, "_instance_dict", OrderedDict())
    run = soak.Soak(tmp_path, kills=1, epochs=2, people=4, channels=8)
    run.run()
    counts = run.counts
    assert counts["kills"] == 1 and counts["starts"] >= 3
    assert counts["finished"] == counts["bit-equal"] == counts["trainings"] > 0
    assert run.kept(), run.report()
    assert "bit-equal" in run.report()
    counts["half-written files"] = 1
    assert not run.kept()


def test_what_differs_is_seen(soak: ModuleType) -> None:
    state = dict(a=[torch.ones(2), dict(b=1)])
    assert soak.equal(state, dict(a=[torch.ones(2), dict(b=1)]))
    assert not soak.equal(state, dict(a=[torch.ones(2), dict(b=2)]))
    assert not soak.equal(state, dict(a=[torch.tensor([1, 1.0000001]), dict(b=1)]))
