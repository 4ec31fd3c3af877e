"""Reader of the authors' MPII annotations, `train.h5`, `valid.h5` and `test.h5`.

One row per person: `imgname`, `person` (index in the image, 0-based), `center` and `scale`
(adjusted for the crop already: center.y + 15 x scale, scale x 1.25), `part` (1-based px truncated
to integers, 0 where missing), `visible` (visible, not annotated), `normalize` (the head size).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

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
    names, fields = _read(Path(path))
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


def _read(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Read image names, and the fields of `_ROW_SHAPES` as float64, checked."""
    if not path.is_file():
        raise InputError(f"{path} does not exist. It should be the authors' annotation file (.h5)")
    try:
        with h5py.File(path, "r") as file:
            content = {name: file[name][()] for name in ("imgname", *_ROW_SHAPES) if name in file}
    except Exception as error:  # damaged bytes raise whatever they lead to
        raise InputError(f"{path} is not an HDF5 file that can be read: {error}") from error
    if missing := [name for name in ("imgname", *_ROW_SHAPES) if name not in content]:
        raise InputError(f"{path} is not the authors' file, it lacks {', '.join(missing)}")
    names = [_text(name) for name in content.pop("imgname")]
    fields = {}
    for name, shape in _ROW_SHAPES.items():
        expected = (len(names), *shape)
        if content[name].shape != expected:
            raise InputError(
                f"{path}: {name!r} must have shape {expected}, got {content[name].shape}"
            )
        fields[name] = content[name].astype(np.float64)
        if not np.isfinite(fields[name]).all():
            raise InputError(f"{path}: {name!r} has numbers that are not finite")
    return names, fields


def _text(name: bytes | str | np.ndarray) -> str:
    """Make an image name of bytes, a string, or the character codes that older files hold."""
    if isinstance(name, np.ndarray):
        name = bytes(code for code in name.astype(np.uint8).tolist() if code)
    return name.decode() if isinstance(name, bytes) else str(name)
