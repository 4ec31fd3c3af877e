"""FLIC, the paper's second dataset: people in films, from the hips up."""

from __future__ import annotations

from typing import Any, ClassVar

from mmpose.registry import DATASETS

from mmhg.datasets.body.metainfo import JointInfo, pose_metainfo
from mmhg.datasets.formats.flic import JOINTS, SideConvention
from mmhg.datasets.formats.flic_h5 import read_flic_h5
from mmhg.datasets.formats.flic_mat import Split, read_flic_mat
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.person_dataset import PersonDataset
from mmhg.errors import InputError

_INFO = {
    "shoulder": JointInfo("upper", 1.0, 0.079),
    "elbow": JointInfo("upper", 1.2, 0.072),
    "wrist": JointInfo("upper", 1.5, 0.062),
    "hip": JointInfo("lower", 1.0, 0.107),
    "eye": JointInfo("upper", 1.0, 0.025),
    "nose": JointInfo("upper", 1.0, 0.026),
}
"""Sigmas are COCO's, weights those of MMPose's MPII."""

_LINKS = [
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "right_shoulder"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_hip", "right_hip"),
    ("left_eye", "nose"),
    ("right_eye", "nose"),
]


@DATASETS.register_module()
class FLICDataset(PersonDataset):
    """People of FLIC (Sapp, Taskar: MODEC, CVPR 2013), one per sample.

    `ann_file` is the authors' `train.h5` or `valid.h5`, or FLIC's own `examples.mat`. Both have
    1-based pixels; box and joints are 0-based here.

    `bbox` is the authors' crop itself, a square of 440 px about (x, 240): set the padding of
    `GetBBoxCenterScale` to 1. In the `.h5` the x is the authors'. From `examples.mat` it is the
    middle of `torsobox`, which may differ from the authors' method.

    The torso size, the unit of PCK, is the distance from the person's own right shoulder to the
    left hip: `normalize` of the `.h5`, by either convention.

    Args:
        split: 'train' or 'test', for `examples.mat`. Each `.h5` is one split.
        side_convention: Meaning of left and right. 'observer-centric', as in the paper and the
            `.h5`: as seen in the image, so that the left shoulder is always on the image's right.
            'person-centric', as in `examples.mat`: on the person's body. The readers convert.
        settings: As for `mmpose.datasets.BaseCocoStyleDataset`.

    Raises:
        InputError: The annotations cannot be used; names the file and the person.
    """

    METAINFO: ClassVar[dict] = pose_metainfo(
        "flic", {name: _INFO[name.rpartition("_")[2]] for name in JOINTS}, _LINKS
    )

    def __init__(
        self,
        *,
        split: Split | None = None,
        side_convention: SideConvention = "observer-centric",
        **settings: Any,
    ) -> None:
        self.split = split
        self.side_convention = side_convention
        super().__init__(**settings)
        self._metainfo["side_convention"] = side_convention

    def read_people(self) -> list[AnnotatedPerson]:
        """Read the people of `ann_file`, in its order."""
        path = self.ann_file
        if path.endswith(".h5"):
            if self.split is not None:
                raise InputError(
                    f"annotation file {path} is one split, but split is {self.split!r}. Name the "
                    "split's file (train.h5, valid.h5) and leave split out"
                )
            return read_flic_h5(path, self.side_convention)
        if not path.endswith(".mat"):
            raise InputError(
                f"annotation file {path} must be the authors' .h5 or FLIC's examples.mat"
            )
        if self.split is None:
            raise InputError(
                f"annotation file {path} has all of FLIC. Set the dataset's split to 'train' or "
                "'test'"
            )
        return read_flic_mat(path, self.split, self.side_convention)
