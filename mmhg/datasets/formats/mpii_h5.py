"""Reader of the authors' MPII annotations, `train.h5`, `valid.h5` and `test.h5`.

A row a person: `imgname`, `person` (index in the image, 0-based), `center` and `scale` (adjusted
for the crop already: centre.y + 15 x scale, scale x 1.25), `part` (1-based px truncated to
integers, 0 where missing), `visible` (visible, not annotated), `normalize` (the head size).
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from mmhg.datasets.body.mpii import CENTER_SHIFT
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.datasets.mpii_converter import MISSING_JOINT, Listed
from mmhg.errors import InputError

SCALE_PADDING = 1.25
"""By which the authors enlarged the scale."""

_ROW_SHAPES = {
    "center": (2,),
    "scale": (),
    "part": (NUM_JOINTS, 2),
    "visible": (NUM_JOINTS,),
    "normalize": (),
    "person": (),
}


def read_authors(path: str | Path) -> list[dict]:
    """People of one file, as `mmhg.datasets.mpii_converter` describes them.

    Centre and scale are MPII's own again, so that they are adjusted once, when they are used. What
    the file does not tell (head box, single_person, activity) is None; `head_size` is its
    `normalize` in px, None where that is not positive.

    Raises:
        InputError: No such file, or not as expected; names the file and what is wrong with it.
    """
    names, fields = _read(Path(path))
    annotated = (fields["part"] != 0).any(axis=2)
    scales = fields["scale"] / SCALE_PADDING
    centers = fields["center"] - CENTER_SHIFT * scales[:, None] * [0, 1]
    return [
        {
            "image": name,
            "center": centers[row].tolist(),
            "scale": float(scales[row]),
            "joints": np.where(annotated[row, :, None], joints, MISSING_JOINT).tolist(),
            "joints_vis": annotated[row].astype(int).tolist(),
            "visible": [
                int(flag > 0) if known else None
                for flag, known in zip(fields["visible"][row], annotated[row], strict=True)
            ],
            "head_box": None,
            "head_size": float(size) if size > 0 else None,
            "annolist_index": None,
            "person_index": int(fields["person"][row]) + 1,
            "single_person": None,
            "activity": None,
        }
        for row, (name, joints, size) in enumerate(
            zip(names, fields["part"], fields["normalize"], strict=True)
        )
    ]


def read_authors_list(path: str | Path) -> list[Listed]:
    """The people of one file as a split list: image name and 1-based index."""
    names, fields = _read(Path(path))
    return [(name, int(person) + 1) for name, person in zip(names, fields["person"], strict=True)]


def _read(path: Path) -> tuple[list[str], dict[str, np.ndarray]]:
    """Image names, and the fields of `_ROW_SHAPES` as float64, checked."""
    if not path.is_file():
        raise InputError(f"{path} does not exist; it should be the authors' annotation file (.h5)")
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
    """An image name from bytes, a string, or the character codes that older files hold."""
    if isinstance(name, np.ndarray):
        name = bytes(code for code in name.astype(np.uint8).tolist() if code)
    return name.decode() if isinstance(name, bytes) else str(name)
