"""The base of FLIC's, LSP's and MPII's datasets: one person per sample."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.datasets.transforms import PackPoseInputs

from mmhg.datasets.hold_out import HoldOut, held_out
from mmhg.datasets.people import AnnotatedPerson, to_zero_based
from mmhg.datasets.plausible import check_people
from mmhg.errors import InputError


class PersonDataset(BaseCocoStyleDataset):
    """People of `read_people`, one per sample, box and joints on 0-based pixels.

    A sample has `bbox` (1, 4) where the person has a box, `keypoints` (1, K, 2) px,
    `keypoints_visible` (1, K) 1 where annotated, `visible` (1, K) as in the file (no transform
    flips it) and, if known, `head_size` or `torso_size` (1, 1) px, which `PackPoseInputs` packs
    with the annotation. People without a box or an annotated joint are left out of training, with a
    warning. In test mode those without a box are left out if others have one. Numbers that no
    person can have (`mmhg.datasets.plausible`) are refused.

    Args:
        ann_file: The annotation file, below `data_root`.
        hold_out: Splits a file that has no split of its own: n for images 0, n, 2n, ... of the
            file, or a list of images' file names. With `test_mode` the dataset has the people of
            these images, without it those of the others. Set it alike in training and validation.
            None keeps all.
        settings: As for `mmpose.datasets.BaseCocoStyleDataset`.
    """

    def __init__(self, ann_file: str = "", *, hold_out: HoldOut = None, **settings: Any) -> None:
        self.hold_out = hold_out
        super().__init__(ann_file, **settings)

    def read_people(self) -> list[AnnotatedPerson]:
        """Read the people of `ann_file`, in its order."""
        raise NotImplementedError

    def box_of(self, person: AnnotatedPerson) -> np.ndarray | None:
        """Return a person's box (1, 4) on 0-based pixels, None if it has none."""
        return None if person.box is None else to_zero_based(person.box)[None].astype(np.float32)

    def get_data_info(self, idx: int) -> dict:
        """Return a sample, with the mapping that makes `PackPoseInputs` pack the torso size."""
        info = super().get_data_info(idx)
        packed = {**PackPoseInputs.instance_mapping_table, "torso_size": "torso_size"}
        return info | {"instance_mapping_table": packed}

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Make instances and images of `ann_file`."""
        people = self.read_people()
        check_people(people, self.ann_file)
        images = [person.image for person in people]
        img_ids = _image_ids(images)
        used = [True] * len(people)
        if self.hold_out is not None:
            used = [
                held == self.test_mode for held in held_out(images, self.hold_out, self.ann_file)
            ]
        instances = [
            self._instance(index, person) | {"img_id": img_ids[person.image]}
            for index, person in enumerate(people)
            if used[index]
        ]
        if not self.test_mode:
            boxed = [instance for instance in instances if "bbox" in instance]
            instances = self._kept(instances, boxed, "a box")
        if self.data_mode == "bottomup":  # MMPose groups only neighbors in the list
            instances.sort(key=lambda instance: instance["img_id"])
        paths = {instance["img_path"]: instance["img_id"] for instance in instances}
        return instances, [{"img_id": img_id, "img_path": path} for path, img_id in paths.items()]

    def _instance(self, index: int, person: AnnotatedPerson) -> dict:
        """Make a person's entries for the pipeline (arrays with a leading axis of 1)."""
        keypoints = np.where(person.annotated[:, None], to_zero_based(person.keypoints), 0.0)
        instance = {
            "id": index,
            "img_path": osp.join(self.data_prefix["img"], person.image),
            "bbox_score": np.ones(1, dtype=np.float32),
            "keypoints": keypoints[None].astype(np.float32),
            "keypoints_visible": person.annotated[None].astype(np.float32),
            "visible": person.visible[None].astype(np.float32),
            "category_id": [1],
        }
        if (box := self.box_of(person)) is not None:
            instance["bbox"] = box
        if np.isfinite(person.torso_size):
            instance["torso_size"] = np.array([[person.torso_size]])
        # In bottom-up mode MMPose groups only the entries that all people of an image have.
        if np.isfinite(person.head_size) and self.data_mode == "topdown":
            instance["head_size"] = np.array([[person.head_size]])
        return instance

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        """Keep people with an annotated joint; in test mode all with a box, if any has one."""
        if self.test_mode:
            boxed = [i for i in instance_list if "bbox" in i]
            return self._kept(instance_list, boxed or instance_list, "a box")
        learned = [i for i in instance_list if i["keypoints_visible"].any()]
        return self._kept(instance_list, learned, "an annotated joint")

    def _kept(self, before: list[dict], after: list[dict], lack: str) -> list[dict]:
        """Log the number of people who are left out of training, and refuse an empty dataset."""
        if not after:
            raise InputError(f"annotation file {self.ann_file}: no person has {lack}")
        if len(after) < len(before):
            print_log(
                f"{self.ann_file}: {len(before) - len(after)} of {len(before)} people left out of "
                f"{'validation' if self.test_mode else 'training'}, who lack {lack}, for example "
                f"person {min({i['id'] for i in before} - {i['id'] for i in after})} (from 0)",
                logger="current",
                level=logging.WARNING,
            )
        return after


def _image_ids(names: Sequence[str]) -> dict[str, int]:
    """Number each image by its name, or in order if a name is not a number."""
    distinct = list(dict.fromkeys(names))
    stems = [Path(name).stem for name in distinct]
    if all(stem.isascii() and stem.isdigit() for stem in stems):
        numbers = [int(stem) for stem in stems]
        if len(set(numbers)) == len(numbers):
            return dict(zip(distinct, numbers, strict=True))
    return {name: rank for rank, name in enumerate(distinct)}
