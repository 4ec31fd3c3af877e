"""What datasets of one annotated person a sample have in common, MPII aside."""

from __future__ import annotations

import logging
import os.path as osp
from dataclasses import dataclass

import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.datasets.transforms import PackPoseInputs

from mmhg.datasets.body.mpii import to_zero_based
from mmhg.errors import InputError


@dataclass(frozen=True)
class LabelledPerson:
    """One person as a file has it, in 1-based pixels.

    Args:
        image: File name.
        box: (4,) x1, y1, x2, y2 in px, or None where nothing says where the person is.
        joints: (K, 2) px, meaningless where not annotated.
        annotated: (K,) bool.
        visible: (K,) 1 visible, 0 occluded, NaN unknown.
        torso_size: px, NaN unknown.
    """

    image: str
    box: np.ndarray | None
    joints: np.ndarray
    annotated: np.ndarray
    visible: np.ndarray
    torso_size: float


class PersonDataset(BaseCocoStyleDataset):
    """People of `read_people`, one a sample, box and joints on 0-based pixels.

    A sample has `bbox` (1, 4) where the person has a box, `keypoints` (1, K, 2) px,
    `keypoints_visible` (1, K) 1 where annotated, `visible` (1, K) as in the file (no transform
    flips it) and, where it is known, `torso_size` (1, 1) px, which `PackPoseInputs` packs with the
    annotation. People without an annotated joint, or without a box, are left out of training, which
    the log tells, and kept in test mode.
    """

    def read_people(self) -> list[LabelledPerson]:
        """The people of `ann_file`, in its order."""
        raise NotImplementedError

    def get_data_info(self, idx: int) -> dict:
        """A sample, which tells `PackPoseInputs` to pack the torso size as well."""
        info = super().get_data_info(idx)
        packed = {**PackPoseInputs.instance_mapping_table, "torso_size": "torso_size"}
        return info | {"instance_mapping_table": packed}

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Instances and images of `ann_file`."""
        people = self.read_people()
        names = dict.fromkeys(person.image for person in people)
        img_ids = {name: number for number, name in enumerate(names)}
        instances = [
            self._instance(person) | {"id": index, "img_id": img_ids[person.image]}
            for index, person in enumerate(people)
        ]
        if self.data_mode == "bottomup":  # MMPose groups only what is adjacent in the list
            instances.sort(key=lambda instance: instance["img_id"])
        images = {instance["img_path"]: instance["img_id"] for instance in instances}
        return instances, [{"img_id": img_id, "img_path": path} for path, img_id in images.items()]

    def _instance(self, person: LabelledPerson) -> dict:
        """What the pipeline needs of one person (arrays with a leading axis of 1)."""
        keypoints = np.where(person.annotated[:, None], to_zero_based(person.joints), 0.0)
        instance = {
            "img_path": osp.join(self.data_prefix["img"], person.image),
            "bbox_score": np.ones(1, dtype=np.float32),
            "keypoints": keypoints[None].astype(np.float32),
            "keypoints_visible": person.annotated[None].astype(np.float32),
            "visible": person.visible[None].astype(np.float32),
            "category_id": [1],
        }
        if person.box is not None:
            instance["bbox"] = to_zero_based(person.box)[None].astype(np.float32)
        if np.isfinite(person.torso_size):
            instance["torso_size"] = np.array([[person.torso_size]])
        return instance

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        """All people in test mode, those who can be learnt from in training."""
        if self.test_mode:
            return instance_list
        kept = [i for i in instance_list if "bbox" in i and i["keypoints_visible"].any()]
        if not kept:
            raise InputError(f"annotation file {self.ann_file}: nobody has annotated joints")
        if len(kept) < len(instance_list):
            print_log(
                f"{self.ann_file}: {len(instance_list) - len(kept)} of {len(instance_list)} people "
                "left out of training for lack of annotated joints",
                logger="current",
                level=logging.WARNING,
            )
        return kept
