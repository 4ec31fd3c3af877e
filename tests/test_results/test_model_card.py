"""A model card says what the files say, and nothing of other networks."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.results.model_card import model_card


class Files(NamedTuple):
    config: Path
    checkpoint: Path
    results: Path


SCORES = {"protocol": "official", "PCKh@0.5": 81.23456, "Ankle": None, "joints": {"head_top": 98.0}}


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Make the files of a narrow network that has been trained and tested."""
    files = Files(tmp_path / "hg2_slim.py", tmp_path / "slim-1234.pth", tmp_path / "results.json")
    config = get_config("hg2_synthetic_128")
    config.model.backbone.update(channels=8, stem_channels=(4, 4, 4))
    config.dump(files.config)
    init_default_scope("mmpose")
    state = MODELS.build(config.model).state_dict()
    torch.save(dict(state_dict=state, meta=dict(epoch=5, iter=1875, seed=3)), files.checkpoint)
    write(files.results, fingerprint(state))
    return files


def write(path: Path, weights: str, **changes: Any) -> None:
    path.write_text(json.dumps(dict(config="hg2_slim", weights=weights, **SCORES) | changes))


def test_what_it_says(files: Files) -> None:
    text = model_card(files.config, files.checkpoint, [files.results])
    state = torch.load(files.checkpoint, weights_only=True)["state_dict"]
    trainable = sum(
        value.numel() for name, value in state.items() if name.endswith(("weight", "bias"))
    )
    data = "MPIIPersonDataset `data/synthetic/level1/annotations/mpii_{}.json`"
    for line in [
        "# slim-1234",
        "| config | `hg2_slim` |",
        "| network | HourglassBackbone, 2 stacks |",
        "| input | 128 x 128 px |",
        f"| parameters | {trainable:,} |",
        "| flip test | yes |",
        f"| data | {data.format('train')} |",
        "| epochs | 5 |",
        "| iterations | 1875 |",
        "| seed | 3 |",
        f"On {data.format('val')}; protocol official, percent.",
        "| PCKh@0.5 | 81.23 |",
        "| Ankle | undefined |",
        "| head top | 98.00 |",
        f"| SHA-256 | `{hashlib.sha256(files.checkpoint.read_bytes()).hexdigest()}` |",
    ]:
        assert line in [re.sub(" +", " ", found) for found in text.splitlines()]


def test_results_of_another_network(files: Files, tmp_path: Path) -> None:
    right = json.loads(files.results.read_text())["weights"]
    for changes, message in [
        (dict(weights="0123"), f"of weights 0123, the checkpoint has {right}"),
        (dict(weights=right, config="hg8_mpii_256"), "of config hg8_mpii_256, not of hg2_slim"),
    ]:
        write(files.results, **changes)
        with pytest.raises(InputError, match=message):
            model_card(files.config, files.checkpoint, [files.results])
    files.results.write_text(json.dumps(SCORES))
    with pytest.raises(
        InputError, match="does not name the config and the weights that were evaluated"
    ):
        model_card(files.config, files.checkpoint, [files.results])


def test_a_checkpoint_of_another_config(files: Files) -> None:
    with pytest.raises(InputError, match="is of another network than the config's"):
        model_card("hg1_synthetic_128", files.checkpoint, [])


def test_fingerprint_is_of_names_and_values_alone() -> None:
    state = {"a": torch.arange(24.0).view(1, 2, 3, 4), "n": torch.tensor(3)}
    same = {"n": state["n"], "a": state["a"].to(memory_format=torch.channels_last)}
    assert fingerprint(state) == fingerprint(same)
    changed = [
        {"a": state["a"] + 1e-6, "n": state["n"]},
        {"b": state["a"], "n": state["n"]},
        {"a": state["a"].view(1, 2, 4, 3), "n": state["n"]},
        {"a": state["a"]},
    ]
    assert len({fingerprint(other) for other in (state, *changed)}) == 5
