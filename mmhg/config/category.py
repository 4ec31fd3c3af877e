"""Say what the objects of a config are called."""

from __future__ import annotations

from mmengine.config import Config

PERSON = "person"


def category_of(config: Config) -> str:
    """Return the name of a config's own keypoints' object, else `person`.

    Keypoints are a config's own where its dataset has a `metainfo` that lists them; its
    `dataset_name` is what `mmhg import` calls the object. Datasets of people bring theirs along.
    """
    dataset = config.get("test_dataloader", {}).get("dataset", {})
    metainfo = dataset.get("metainfo") or {}
    return str(metainfo["dataset_name"]) if "keypoint_info" in metainfo else PERSON
