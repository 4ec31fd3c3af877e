"""Reader of the fields of the authors' annotation files (`pose-hg-train`), MPII's and FLIC's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
from mmengine.fileio import get_local_path

from mmhg.errors import InputError


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
    try:
        with get_local_path(path) as local_path, h5py.File(local_path, "r") as file:
            content = {
                name: np.asarray(file[name][()])
                for name in ("imgname", *shapes)
                if isinstance(file.get(name), h5py.Dataset)
            }
    except Exception as error:  # damaged bytes raise whatever they lead to
        raise InputError(f"{file_name} is not an HDF5 file that can be read: {error}") from error
    if missing := [name for name in ("imgname", *shapes) if name not in content]:
        raise InputError(f"{file_name} is not the authors' file, it lacks {', '.join(missing)}")
    names = content.pop("imgname")
    if not names.size:
        raise InputError(f"{file_name} has no people")
    has_codes = names.ndim == 2 and names.dtype.kind in "iuf"
    if not has_codes and (names.ndim != 1 or names.dtype.kind not in "SUO"):
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
    texts = [
        bytes(code for code in name.astype(np.uint8).tolist() if code) if has_codes else name
        for name in names  # older files hold character codes
    ]
    images = [text.decode() if isinstance(text, bytes) else str(text) for text in texts]
    return images, {name: found.astype(np.float64) for name, found in content.items()}
