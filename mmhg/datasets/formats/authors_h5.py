"""Reader of the fields of the authors' annotation files (`pose-hg-train`), MPII's and FLIC's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.fileio import get_local_path

from mmhg.errors import InputError
from mmhg.utils.hdf5 import read_hdf5


def read_authors_h5(
    path: str | Path, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Read the names of the images (`imgname`), and the other fields as float64.

    Args:
        path: The HDF5 file.
        shapes: Shape of each field of one person; the file has one row per person.

    Raises:
        InputError: The file is damaged, lacks a field, or has one of another shape or type.
    """
    file_name = f"annotation file {path}"
    with get_local_path(path) as local_path:
        content = read_hdf5(local_path, ("imgname", *shapes), file_name)
    if missing := [name for name in ("imgname", *shapes) if name not in content]:
        raise InputError(f"{file_name} is not the authors' file, it lacks {', '.join(missing)}")
    names = content.pop("imgname")
    if not names.size:
        raise InputError(f"{file_name} has no people")
    has_codes = names.ndim == 2 and names.dtype.kind in "iuf"
    if not has_codes and (names.ndim != 1 or names.dtype.kind != "S"):
        raise InputError(
            f"{file_name}: imgname must be names of shape {(names.size,)}, got {names.dtype} of "
            f"shape {names.shape}"
        )
    for name, found in content.items():
        expected = (len(names), *shapes[name])
        if found.shape != expected or found.dtype.kind not in "iuf":
            raise InputError(
                f"{file_name}: {name} must be numbers of shape {expected}, got {found.dtype} of "
                f"shape {found.shape}"
            )
    # Older files hold the codes of characters, the others texts.
    texts: Sequence[bytes] | np.ndarray = names
    if has_codes:
        texts = [bytes(name[name > 0].tolist()) for name in _codes(file_name, names)]
    try:
        images = [bytes(text).decode() for text in texts]
    except UnicodeDecodeError as error:
        raise InputError(f"{file_name}: a name in imgname is no text: {error}") from error
    return images, {name: found.astype(np.float64) for name, found in content.items()}


def _codes(file_name: str, names: np.ndarray) -> np.ndarray:
    """Return character codes as whole numbers, 0 behind the end of a name."""
    with np.errstate(invalid="ignore"):
        codes = names.astype(np.uint8)
    if (codes != names).any():
        raise InputError(f"{file_name}: imgname must be codes of characters, from 0 to 255")
    return codes
