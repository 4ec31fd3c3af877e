"""MPII people on 0-based pixels, each with a head size."""

from __future__ import annotations

import logging
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import mmpose
import numpy as np
from mmengine.logging import print_log
from mmpose.datasets.datasets.body import MpiiDataset
from mmpose.registry import DATASETS
from mmpose.structures.bbox import bbox_cs2xyxy

from mmhg.datasets.formats.mpii_gt_val import head_sizes_from_boxes, load_head_boxes
from mmhg.datasets.formats.mpii_json import AnnotatedPerson, read_people
from mmhg.errors import InputError

PIXELS_PER_SCALE = 200.0
"""MPII's scale is a person's height over 200 px."""

CENTER_SHIFT = 15.0
"""Pixels per scale by which the centre is lowered so that the crop keeps the feet (as in the
authors' `pose-hg-train`)."""

_AREA_PER_BOX = 0.53
"""Body area over box area, which MMPose takes for datasets without masks."""


def to_zero_based(points: np.ndarray) -> np.ndarray:
    """From the files' 1-based MATLAB pixels to the 0-based pixels of everything else.

    The only place where the origin changes on the way in.
    """
    return points - 1.0


@DATASETS.register_module()
class MPIIPersonDataset(MpiiDataset):
    """People of MPII, or of any set in MMPose's MPII format, one a sample.

    Takes the settings of :class:`mmpose.datasets.MpiiDataset` and the same files: a list of people
    with `image`, `center`, `scale`, `joints` and `joints_vis` (1 where annotated), in 1-based
    pixels. More fields are used where a person has them: `head_box` (x1, y1, x2, y2) or `head_size`
    (px), and `visible` (for each joint 1 visible, 0 occluded, null unknown). Unlike in MMPose's
    class

    - box and joints are both 0-based (MMPose leaves joints 1-based, so that its models learn to
      predict one pixel off);
    - the head size (0.6 x the head box's diagonal, px) comes from these, else from
      `headbox_file` (`mpii_gt_val.mat`, the same people in the same order), else there is none;
    - people without an annotated joint are left out of training, which the log tells, and kept in
      test mode.

    `bbox` is the square of side 200 x scale about the lowered centre; `GetBBoxCenterScale` with its
    default padding of 1.25 turns it into the paper's crop. A sample's `visible` (1, K) is as in the
    file (NaN unknown); no transform flips it.

    Raises:
        InputError: Names the file, the person and what cannot be used.
    """

    # MMPose's own relative path would first be looked for below the current directory.
    METAINFO: ClassVar[dict] = dict(
        from_file=str(Path(mmpose.__file__).parent / ".mim/configs/_base_/datasets/mpii.py")
    )

    def _load_annotations(self) -> tuple[list[dict], list[dict]]:
        """Instances and images of `ann_file`."""
        people = read_people(self.ann_file, self.metainfo["num_keypoints"])
        head_sizes = self._head_sizes(people)
        img_ids = _image_ids([person.image for person in people])

        instances = []
        for index, person in enumerate(people):
            if person.has_box:
                instance = self._instance(person)
                instance.update(id=index, img_id=img_ids[person.image])
                if self.data_mode == "topdown" and np.isfinite(head_sizes[index]):
                    instance["head_size"] = head_sizes[index].reshape(1, 1)
                instances.append(instance)
            elif self.test_mode:
                raise InputError(
                    f"annotation file {self.ann_file}: person {index} (from 0), image "
                    f"{person.image}, cannot be cropped: centre {person.center.tolist()}, scale "
                    f"{person.scale}"
                )
        self._log_left_out(len(people), len(instances), "centre and scale")

        if self.data_mode == "bottomup":  # MMPose groups only what is adjacent in the list
            instances.sort(key=lambda instance: instance["img_id"])
        images = {instance["img_path"]: instance["img_id"] for instance in instances}
        return instances, [{"img_id": img_id, "img_path": path} for path, img_id in images.items()]

    def _instance(self, person: AnnotatedPerson) -> dict:
        """What the pipeline needs of one person (arrays with a leading axis of 1)."""
        center = to_zero_based(person.center + np.array([0.0, CENTER_SHIFT * person.scale]))
        side = PIXELS_PER_SCALE * person.scale
        keypoints = np.where(person.annotated[:, None], to_zero_based(person.joints), 0.0)
        return {
            "img_path": osp.join(self.data_prefix["img"], person.image),
            "bbox": bbox_cs2xyxy(center[None], np.full((1, 2), side)),
            "bbox_score": np.ones(1, dtype=np.float32),
            "keypoints": keypoints[None].astype(np.float32),
            "keypoints_visible": person.annotated[None].astype(np.float32),
            "visible": person.visible[None].astype(np.float32),
            "area": np.array([max(_AREA_PER_BOX * side**2, 1.0)], dtype=np.float32),
            "category_id": [1],
        }

    def _head_sizes(self, people: Sequence[AnnotatedPerson]) -> np.ndarray:
        """Head sizes (P,) in px, NaN where unknown."""
        sizes = np.array([person.head_size for person in people])
        if self.headbox_file:
            joints = np.stack([person.joints for person in people])
            annotated = np.stack([person.annotated for person in people])
            boxes = load_head_boxes(self.headbox_file, joints, annotated)
            sizes = np.where(np.isfinite(sizes), sizes, head_sizes_from_boxes(boxes))
        return sizes

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        """All people in test mode, those with annotated joints in training."""
        if self.test_mode:
            known = any("head_size" in instance for instance in instance_list)
            self._metainfo["has_head_sizes"] = known
            return instance_list
        with_joints = [i for i in instance_list if i["keypoints_visible"].any()]
        if not with_joints:
            raise InputError(f"annotation file {self.ann_file}: nobody has an annotated joint")
        self._log_left_out(len(instance_list), len(with_joints), "an annotated joint")
        return with_joints

    def _log_left_out(self, before: int, after: int, lack: str) -> None:
        if after < before:
            print_log(
                f"{self.ann_file}: {before - after} of {before} people left out of training for "
                f"lack of {lack}",
                logger="current",
                level=logging.WARNING,
            )


def _image_ids(names: Sequence[str]) -> dict[str, int]:
    """An integer for each image: MPII's own number, or a running one if a name is not a number."""
    distinct = list(dict.fromkeys(names))
    stems = [Path(name).stem for name in distinct]
    if all(stem.isascii() and stem.isdigit() for stem in stems):
        numbers = [int(stem) for stem in stems]
        if len(set(numbers)) == len(numbers):
            return dict(zip(distinct, numbers, strict=True))
    return {name: rank for rank, name in enumerate(distinct)}
