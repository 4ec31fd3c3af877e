"""An exported folder in place of a config and a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmhg.export import Predictor
from mmhg.export.predict import DESCRIPTION


def is_exported(path: str | Path) -> bool:
    """Whether a path is a folder that `tools/export.py` wrote."""
    return (Path(path) / DESCRIPTION).is_file()


def dataset_meta(predictor: Predictor) -> dict[str, Any]:
    """What MMPose calls the keypoints' names, skeleton and colours, of an exported network."""
    keypoints = predictor.description["keypoints"]
    return dict(
        num_keypoints=len(keypoints["names"]),
        keypoint_id2name=dict(enumerate(keypoints["names"])),
        skeleton_links=keypoints["skeleton"],
        skeleton_link_colors=keypoints["skeleton_colors"],
        keypoint_colors=keypoints["colors"],
    )
