"""Read files of predictions that are one array, in the order of the ground truth's people."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from mmhg.datasets.formats.matlab import read_mat, variables_of
from mmhg.errors import InputError
from mmhg.results.scoring.records import FoundArray
from mmhg.utils.hdf5 import read_hdf5

VARIABLES = ("preds", "pred", "predictions", "prediction_all", "pred_coords", "keypoints", "ests")
"""Names of the variable in published files; `ests` is a struct with a field `joints`."""

COLUMNS = {2: "x, y", 3: "x, y, score", 5: "x, y, two of the heatmap, score"}
"""Numbers of a joint, the last one as the authors' `preds.h5` has them."""

_DAMAGE = (EOFError, MemoryError, OSError, OverflowError, SyntaxError, TokenError, ValueError)
"""Say what numpy raises at a damaged header, which it reads as Python's literals."""

_AXES = {
    "(people, joints, {0})": (0, 1, 2),
    "(people, {0}, joints)": (0, 2, 1),
    "({0}, joints, people)": (2, 1, 0),
    "(joints, {0}, people)": (2, 0, 1),
}


def read_array(path: Path) -> FoundArray:
    """Read the array of an `.h5`, `.mat` or `.npy`.

    Raises:
        InputError: The file is damaged, has none of `VARIABLES`, or one that is no array of numbers
            with three axes.
    """
    name = f"predictions {path}"
    variable, stored = "the array", np.zeros(0)
    if path.suffix == ".npy":
        try:
            stored = np.load(path, allow_pickle=False)  # noqa: TID251
        except _DAMAGE as error:
            raise InputError(f"{name} is not a .npy file of numbers: {error}") from error
    else:
        reads_mat = path.suffix == ".mat"
        content = read_mat(path, VARIABLES, name) if reads_mat else read_hdf5(path, VARIABLES, name)
        known = [one for one in VARIABLES if one in content]
        if not known:
            raise InputError(
                f"{name} have none of the variables {', '.join(VARIABLES)}, only "
                f"{variables_of(path, name)}"
            )
        variable, stored = known[0], content[known[0]]
        if variable == "ests":
            stored = _stack(name, stored)
    stored = np.asarray(stored)
    if stored.ndim == 2 and stored.dtype.kind in "fiu":  # one person
        stored = stored[None]
    if stored.ndim != 3 or stored.dtype.kind not in "fiu":
        raise InputError(
            f"{name}: {variable!r} must be numbers of shape (people, joints, 2) or another order "
            f"of these axes, got {stored.dtype} of shape {stored.shape}"
        )
    return FoundArray(stored=stored.astype(np.float64), variable=variable)


def people_first(
    array: FoundArray, people: set[int], joints: set[int], path: str, truth: str
) -> np.ndarray:
    """Return the array as (people, joints, 2, 3 or 5).

    Args:
        array: Of `read_array`.
        people: Numbers of people that there may be.
        joints: Numbers of joints that there may be.
        path: The file, for errors.
        truth: The ground truth, for errors.

    Raises:
        InputError: The shape fits in no way, in several, or for another number of people.
    """
    stored = array.stored
    ways = {
        text.format(stored.transpose(axes).shape[2]): stored.transpose(axes)
        for text, axes in _AXES.items()
    }
    shaped = {
        text: one
        for text, one in ways.items()
        if one.shape[2] in COLUMNS and one.shape[1] in joints
    }
    fitting = {text: one for text, one in shaped.items() if len(one) in people}
    if len(fitting) > 1:
        raise InputError(
            f"predictions {path}: {array.variable!r} of shape {stored.shape} may be "
            f"{' or '.join(fitting)}. Write people with their ids, as `mmhg test --dump FILE.json`"
        )
    for one in fitting.values():
        return one
    if shaped:
        counts = " or ".join(str(len(one)) for one in shaped.values())
        raise InputError(
            f"predictions {path} have {counts} people ({array.variable!r} of shape "
            f"{stored.shape}), but {truth} has {_or(people)}"
        )
    raise InputError(
        f"predictions {path}: {array.variable!r} of shape {stored.shape} has no axis of "
        f"{_or(people)} people beside one of {_or(joints)} joints and one of "
        f"{', '.join(f'{count} ({what})' for count, what in COLUMNS.items())}"
    )


def _stack(name: str, structs: object) -> np.ndarray:
    """Stack the field `joints` of a struct array."""
    rows = [one.get("joints") for one in np.ravel(np.asarray(structs)) if isinstance(one, dict)]
    shapes = {np.asarray(row).shape for row in rows}
    if len(shapes) != 1:
        raise InputError(f"{name}: 'ests' must be structs with a field 'joints' of one shape")
    return np.stack([np.asarray(row) for row in rows])


def _or(numbers: set[int]) -> str:
    return " or ".join(map(str, sorted(numbers)))
