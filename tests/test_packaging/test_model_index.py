"""The model index that mim reads names every config once."""

from collections import Counter
from pathlib import Path

import yaml

from mmhg.config.catalog import get_config

ROOT = Path(__file__).parents[2]
LEAVES = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "configs").rglob("*.py")
    if "_base_" not in path.parts
}


def models() -> list[dict]:
    index = yaml.safe_load((ROOT / "model-index.yml").read_text())
    metafiles = [yaml.safe_load((ROOT / path).read_text()) for path in index["Import"]]
    return [model for metafile in metafiles for model in metafile["Models"]]


def test_every_config_is_listed_once() -> None:
    assert Counter(model["Config"] for model in models()) == Counter(LEAVES)


def test_names_are_the_configs_names() -> None:
    assert all(model["Name"] == Path(model["Config"]).stem for model in models())


def test_a_name_means_one_file() -> None:
    # mim searches the bases too, and refuses two files of the name it was given.
    files = Counter(path.name for path in (ROOT / "configs").rglob("*.py"))
    assert {name: files[Path(name).name] for name in LEAVES} == dict.fromkeys(LEAVES, 1)


def test_training_data_is_what_the_config_loads() -> None:
    data = {"CocoPersonDataset": "COCO", "data/mpii/": "MPII", "data/lspet/": "LSPET"}
    data |= {"data/xray/": "own", "FLICDataset": "FLIC", "CombinedDataset": "LSP, LSPET"}
    for level in (1, 2):
        data[f"data/synthetic/level{level}/"] = f"Synthetic people, level {level}"
    for model in models():
        dataset = get_config(ROOT / model["Config"]).train_dataloader.dataset
        root = dataset.get("data_root")
        key = root if root in data else dataset.type
        assert model["Metadata"]["Training Data"] == data[key], model["Name"]
