"""LSP (Leeds Sports Poses) and its extended training set LSPET."""

from __future__ import annotations

from typing import Any, ClassVar

from mmpose.registry import DATASETS

from mmhg.datasets.body.metainfo import JointInfo, pose_metainfo
from mmhg.datasets.formats.lsp_mat import JOINTS, Split, read_lsp
from mmhg.datasets.people import AnnotatedPerson
from mmhg.datasets.person_dataset import PersonDataset

_INFO = {
    "ankle": JointInfo("lower", 1.5, 0.089),
    "knee": JointInfo("lower", 1.2, 0.087),
    "hip": JointInfo("lower", 1.0, 0.107),
    "wrist": JointInfo("upper", 1.5, 0.062),
    "elbow": JointInfo("upper", 1.2, 0.072),
    "shoulder": JointInfo("upper", 1.0, 0.079),
    "neck": JointInfo("upper", 1.0, 0.026),
    "top": JointInfo("upper", 1.0, 0.026),
}
"""Sigmas are COCO's (neck and head top: its nose's), weights those of MMPose's MPII."""

_LINKS = [
    ("right_ankle", "right_knee"),
    ("right_knee", "right_hip"),
    ("left_ankle", "left_knee"),
    ("left_knee", "left_hip"),
    ("right_hip", "left_hip"),
    ("right_shoulder", "right_hip"),
    ("left_shoulder", "left_hip"),
    ("right_shoulder", "neck"),
    ("left_shoulder", "neck"),
    ("neck", "head_top"),
    ("right_shoulder", "right_elbow"),
    ("right_elbow", "right_wrist"),
    ("left_shoulder", "left_elbow"),
    ("left_elbow", "left_wrist"),
]

LSP_METAINFO = pose_metainfo(
    "lsp", {name: _INFO[name.rpartition("_")[2]] for name in JOINTS}, _LINKS
)


@DATASETS.register_module()
class LSPDataset(PersonDataset):
    """People of LSP (Johnson, Everingham: BMVC 2010) or LSPET (CVPR 2011), one per sample.

    `ann_file` is the `joints.mat` of either, with 1-based pixels; box and joints are 0-based here.
    Left and right are the person's own (person-centric).

    `bbox` is the extent of the annotated joints. Test people have none, since their joints must not
    be used: their pipeline needs `WholeImageBox`, as LSP's images are cut around the person.

    The torso size, the unit of PCK, is the distance from the left shoulder to the right
    hip (bearpaw's `eval_pose`, `eval_pck.m`).

    Args:
        split: 'train': LSP's first 1,000 people, or all of LSPET. 'test': LSP's last 1,000.
        settings: As for `mmpose.datasets.BaseCocoStyleDataset`.

    Raises:
        InputError: The annotations cannot be used; names the file and the person.
    """

    METAINFO: ClassVar[dict] = LSP_METAINFO

    def __init__(self, *, split: Split, **settings: Any) -> None:
        self.split = split
        super().__init__(**settings)
        self._metainfo["side_convention"] = "person-centric"

    def read_people(self) -> list[AnnotatedPerson]:
        """Read the people of `ann_file`, in its order."""
        return read_lsp(self.ann_file, self.split)
