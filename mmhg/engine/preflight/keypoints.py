"""Does a dataset have as many keypoints as its metainfo says?"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.datasets.datasets.base import BaseCocoStyleDataset

from mmhg.errors import InputError


def check_number_of_keypoints(dataset: Any) -> None:
    """Check the first sample of one of MMPose's datasets; others are passed over.

    Raises:
        InputError: It has another number of keypoints.
    """
    if not isinstance(dataset, BaseCocoStyleDataset) or not len(dataset):
        return
    shape = np.shape(dataset.get_data_info(0).get("keypoints"))  # (N, K, 2)
    expected = dataset.metainfo["num_keypoints"]
    if len(shape) == 3 and shape[1] != expected:
        raise InputError(
            f"annotation file {dataset.ann_file}: people have {shape[1]} keypoints, but the "
            f"metainfo of {dataset.metainfo['dataset_name']!r} has {expected}. Give the config "
            "the metainfo of your keypoints"
        )
