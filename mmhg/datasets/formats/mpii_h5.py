"""Reader of the authors' MPII annotations, `train.h5`, `valid.h5` and `test.h5`.

One row per person: `imgname`, `person` (index in the image, 0-based), `center` and `scale`
(adjusted for the crop already: center.y + 15 x scale, scale x 1.25), `part` (1-based px truncated
to integers, 0 where missing), `visible` (visible, not annotated), `normalize` (the head size).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmhg.datasets.formats.authors_h5 import read_authors_h5
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.datasets.people import CENTER_SHIFT, AnnotatedPerson
from mmhg.errors import InputError

SCALE_PADDING = 1.25
"""Factor by which the authors enlarged the scale."""

_ROW_SHAPES = {
    "center": (2,),
    "scale": (),
    "part": (NUM_JOINTS, 2),
    "visible": (NUM_JOINTS,),
    "normalize": (),
    "person": (),
}


def read_mpii_h5(path: str | Path) -> list[AnnotatedPerson]:
    """Read the people of one file, in its order.

    Center and scale are converted back to MPII's own, so that they are adjusted only once. The file
    has no head boxes, single_person and activity. A `normalize` that is not positive is no head
    size.

    Raises:
        InputError: No such file, or not as expected; names the file and the problem.
    """
    if not Path(path).is_file():
        raise InputError(f"{path} does not exist. It should be the authors' annotation file (.h5)")
    names, fields = read_authors_h5(path, _ROW_SHAPES)
    for name, field in fields.items():
        if not np.isfinite(field).all():
            raise InputError(f"{path}: {name!r} has numbers that are not finite")
    annotated = (fields["part"] != 0).any(axis=2)
    scales = fields["scale"] / SCALE_PADDING
    centers = fields["center"] - CENTER_SHIFT * scales[:, None] * [0, 1]
    visible = np.where(annotated, fields["visible"] > 0, np.nan)
    head_sizes = np.where(fields["normalize"] > 0, fields["normalize"], np.nan)
    return [
        AnnotatedPerson(
            image=name,
            keypoints=fields["part"][row],
            annotated=annotated[row],
            visible=visible[row],
            center=centers[row],
            scale=float(scales[row]),
            stated_head_size=float(head_sizes[row]),
            person_index=int(fields["person"][row]) + 1,
        )
        for row, name in enumerate(names)
    ]
