"""From a training's checkpoint to a file of half precision and its card."""

import json
import re
from pathlib import Path

import pytest
import torch

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.checkpoints.safetensors_file import read_safetensors
from mmhg.config.catalog import get_config
from mmhg.errors import InputError
from mmhg.models.loading import load_model
from mmhg.results.weights_file import publish_weights, to_half

CONFIG = "hg2_lspet_128"


def of_training(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path.with_name("trained.pth"), weights_only=True)["state_dict"]


def test_weights_are_those_of_the_training_rounded(made_weights: Path) -> None:
    trained, content = of_training(made_weights), read_safetensors(made_weights)
    assert content["state_dict"].keys() == trained.keys()
    for name, value in trained.items():
        half = value.half() if value.ndim > 1 else value  # convolutions' weights
        assert torch.equal(content["state_dict"][name], half), name
    meta = content["meta"]
    assert meta["rounded_from"] == fingerprint(trained)
    assert meta["weights"] == fingerprint(load_model(get_config(CONFIG), made_weights).state_dict())
    assert meta["weights"] != meta["rounded_from"]


def test_the_file_says_how_to_use_it(made_weights: Path) -> None:
    meta = read_safetensors(made_weights)["meta"]
    assert (meta["config"], meta["epoch"]) == (CONFIG, 20)
    white = dict(mean=[0, 0, 0], std=[255, 255, 255])
    assert meta["input"] == dict(size=[128, 128], channels="RGB", **white)
    assert (meta["crop"]["padding"], meta["codec"]["type"]) == (1.25, "UDPHeatmap")
    assert meta["flip_test"]["on"]
    names = meta["dataset_meta"]["keypoint_id2name"]
    assert (len(names), names[0], names[13]) == (14, "right_ankle", "head_top")


def lines(path: Path) -> list[str]:
    return [re.sub(" +", " ", line) for line in path.read_text().splitlines()]


def test_the_card(made_weights: Path, tmp_path: Path) -> None:
    meta = read_safetensors(made_weights)["meta"]
    score = {"PCK@0.2": 12.345, "side_convention": "person-centric"}
    rounded = dict(config=CONFIG, weights=meta["weights"], flip_test=True, **score)
    rounded["people"] = {"PCK@0.2 of the torso": 713}
    before = dict(config=CONFIG, weights=meta["rounded_from"], iteration=9, **score)
    for name, results in dict(rounded=rounded, before=before).items():
        (tmp_path / name).write_text(json.dumps(results))
    path = tmp_path / "net.safetensors"
    files = [tmp_path / "rounded", tmp_path / "before"]
    note = "Twenty epochs more at half the rate."
    publish_weights(CONFIG, made_weights.with_name("trained.pth"), path, files, note)
    assert path.read_bytes() == made_weights.read_bytes()
    card = lines(path.with_suffix(".md"))
    held_out = "LSPDataset `data/lspet/joints.mat`, people 0, 10, 20, ... of the file"
    for line in [
        "# net",
        f"| weights | `{meta['weights']}` |",
        f"| rounded to half precision from | `{meta['rounded_from']}` |",
        f"| bytes | {path.stat().st_size:,} |",
        "| data | LSPDataset `data/lspet/joints.mat`, without people 0, 10, 20, ... of the file |",
        f"On {held_out}; person-centric, percent; PCK@0.2 of the torso: 713 people; with flip "
        "test.",
        f"On {held_out}; person-centric, percent; of the weights before their rounding to half "
        "precision.",
        "| PCK@0.2 | 12.35 |",
        note,
    ]:
        assert line in card
    (cited,) = (line for line in card if line.startswith("- to cite: "))
    assert "Johnson and Mark Everingham" in cited and cited.endswith("CVPR 2011")
    (license,) = (line for line in card if line.startswith("- license: "))
    assert "states none" in license and "Flickr" in license


def test_nothing_is_written_if_results_are_of_other_weights(
    made_weights: Path, tmp_path: Path
) -> None:
    results = tmp_path / "results.json"
    results.write_text(json.dumps(dict(config=CONFIG, weights="0123")))
    with pytest.raises(InputError, match="is of weights 0123, the checkpoint has"):
        trained = made_weights.with_name("trained.pth")
        publish_weights(CONFIG, trained, tmp_path / "net.safetensors", [results])
    assert list(tmp_path.iterdir()) == [results]


def test_where_it_cannot_be_written(made_weights: Path, tmp_path: Path) -> None:
    for name, message in [
        ("net.pth", "must end in .safetensors"),
        ("nosuch/net.safetensors", "there is no folder"),
    ]:
        with pytest.raises(InputError, match=message):
            publish_weights(CONFIG, made_weights, tmp_path / name)


def test_values_that_half_precision_has() -> None:
    assert to_half("a", torch.tensor([[65504.0, 1e-9]])).tolist() == [[65504, 0]]
    variance = torch.tensor([1.2e8, 1e-9])
    assert to_half("v", variance) is variance
    assert to_half("n", torch.tensor(70000)).item() == 70000
    for value in ([[70000.0]], [float("nan")]):
        with pytest.raises(InputError, match="a has values that are not finite, or above 65,504"):
            to_half("a", torch.tensor(value))
