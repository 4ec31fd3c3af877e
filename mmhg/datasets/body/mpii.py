"""MPII people on 0-based pixels, each with a head size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import mmpose
import numpy as np
from mmpose.registry import DATASETS
from mmpose.structures.bbox import bbox_cs2xyxy

from mmhg.datasets.formats.mpii_gt_val import add_head_boxes
from mmhg.datasets.formats.mpii_json import read_mpii_json
from mmhg.datasets.people import CENTER_SHIFT, PIXELS_PER_SCALE, AnnotatedPerson, to_zero_based
from mmhg.datasets.person_dataset import PersonDataset
from mmhg.datasets.plausible import check_people
from mmhg.errors import InputError

_AREA_PER_BOX = 0.53
"""Body area over box area, as MMPose estimates it for datasets without masks."""


def square_of(person: AnnotatedPerson) -> np.ndarray | None:
    """Return the square that a padding of 1.25 turns into the paper's crop.

    Its side is 200 x scale, its middle is the lowered center.

    Returns:
        Left, top, right, bottom (1, 4), 0-based px; None without center or scale.
    """
    if person.center is None or not person.has_crop:
        return None
    center = to_zero_based(person.center + np.array([0.0, CENTER_SHIFT * person.scale]))
    square: np.ndarray = bbox_cs2xyxy(
        center[None], np.full((1, 2), PIXELS_PER_SCALE * person.scale)
    )
    return square


@DATASETS.register_module()
class MPIIPersonDataset(PersonDataset):
    """People of MPII, or of any dataset in MMPose's MPII format, one per sample.

    Takes the files of `mmpose.datasets.MpiiDataset`, with the optional further fields of
    `mmhg.datasets.formats.mpii_json`. Unlike in MMPose's class

    - box and joints are both 0-based (MMPose leaves joints 1-based, so that its models learn to
      predict one pixel off);
    - the head size (0.6 x the head box's diagonal, px) comes from `head_box`, `head_size` or
      `headbox_file`;
    - people without an annotated joint are left out of training, with a warning, and kept in test
      mode.

    `bbox` is the square of side 200 x scale about the lowered center; `GetBBoxCenterScale` with its
    default padding of 1.25 turns it into the paper's crop. A sample's `visible` (1, K) is as in the
    file (NaN unknown); no transform flips it.

    Args:
        ann_file: A file in MMPose's MPII format, below `data_root`.
        headbox_file: `mpii_gt_val.mat` with the same people in the same order, for top-down tests.
        settings: As for `mmpose.datasets.BaseCocoStyleDataset`.

    Raises:
        InputError: The annotations cannot be used; names the file and the person.
    """

    # MMPose would first search its own relative path below the current directory.
    METAINFO: ClassVar[dict] = dict(
        from_file=str(Path(mmpose.__file__).parent / ".mim/configs/_base_/datasets/mpii.py")
    )

    def __init__(
        self, ann_file: str = "", *, headbox_file: str | None = None, **settings: Any
    ) -> None:
        self.headbox_file = headbox_file
        super().__init__(ann_file, **settings)

    def read_people(self) -> list[AnnotatedPerson]:
        """Read the people of `ann_file`, in its order."""
        people = read_mpii_json(self.ann_file, self.metainfo["num_keypoints"])
        if self.headbox_file:
            check_people(people, self.ann_file)
            boxed = add_head_boxes(self.headbox_file, people)
            check_people(boxed, self.headbox_file)
            people = [
                with_box if np.isnan(person.head_size) else person
                for person, with_box in zip(people, boxed, strict=True)
            ]
        return people

    def box_of(self, person: AnnotatedPerson) -> np.ndarray | None:
        """Return the square about the lowered center, (1, 4); None without center and scale."""
        return square_of(person)

    def _instance(self, index: int, person: AnnotatedPerson) -> dict:
        """Add the body's area, for OKS. Test people need a crop."""
        if self.test_mode and not person.has_crop:
            raise InputError(
                f"annotation file {self.ann_file}: person {index} (from 0), image {person.image}, "
                f"cannot be cropped: center {person.center}, scale {person.scale}"
            )
        area = max(_AREA_PER_BOX * (PIXELS_PER_SCALE * person.scale) ** 2, 1.0)
        return super()._instance(index, person) | {"area": np.array([area], dtype=np.float32)}

    def _get_topdown_data_infos(self, instance_list: list[dict]) -> list[dict]:
        """Add to the metainfo if any person has a head size."""
        if self.test_mode:
            known = any("head_size" in instance for instance in instance_list)
            self._metainfo["has_head_sizes"] = known
        return super()._get_topdown_data_infos(instance_list)
