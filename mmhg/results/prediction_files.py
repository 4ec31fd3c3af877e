"""Read files of predicted joints, in MPII's 1-based pixels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.config.with_test_scales import describe_scales
from mmhg.datasets.formats.matlab import read_mat, variables_of
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.errors import InputError
from mmhg.utils.files import read_json
from mmhg.utils.hdf5 import read_hdf5

PEOPLE_OF_SPLITS = {2958: "validation", 22246: "training", 25204: "trainval", 11731: "test"}
"""MPII's splits by number of people, the last three as in HRNet and MMPose."""


@dataclass(frozen=True)
class Predictions:
    """The predicted people of a file.

    Args:
        joints: (P, 16, 2) float64, 1-based px.
        scales: Scales of multi-scale testing, in the words of `mmhg.config.describe_scales`; empty
            if the file has none.
    """

    joints: np.ndarray
    scales: str = ""


def read_predictions(path: str | Path) -> Predictions:
    """Read the predicted joints of all people.

    Args:
        path: `.h5` or `.mat` with a variable `preds` of 1-based pixels and shape (P, 16, 2),
            (P, 2, 16), (2, 16, P) or (16, 2, P); or the `.json` of `mmhg test --dump`, a list of
            people with `id` and `keypoints` [[x, y], ...] of 0-based pixels. These are sorted by
            id; of people with the same id the first one counts.

    Raises:
        InputError: No such file, an unknown kind, damage, another shape, or a coordinate that is
            not finite; names the file and the person.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"predictions {path} do not exist")
    if path.suffix not in _READERS:
        raise InputError(
            f"predictions {path}: the suffix must be one of .h5, .mat and .json, got "
            f"{path.suffix!r}"
        )
    predictions = _READERS[path.suffix](path)
    finite = np.isfinite(predictions.joints).all(axis=(1, 2))
    if not finite.all():
        person = int(np.argmin(finite))
        raise InputError(
            f"predictions {path}: person {person} (from 0) has a coordinate that is not finite, "
            f"got {predictions.joints[person].tolist()}"
        )
    return predictions


def check_count(path: str | Path, predictions: np.ndarray, ground_truth: str, count: int) -> None:
    """Raise InputError unless there are `count` predictions; `ground_truth` names their truth."""
    if len(predictions) != count:
        guess = PEOPLE_OF_SPLITS.get(len(predictions))
        hint = f" (as MPII's {guess} split)" if guess else ""
        raise InputError(
            f"predictions {path} have {len(predictions)} people{hint}, but {ground_truth} has "
            f"{count}"
        )


def one_pixel_off(offsets: np.ndarray, head_sizes: np.ndarray) -> tuple[float, float] | None:
    """Find the constant offset of predictions whose pixels have another origin, or None.

    Args:
        offsets: (P, K, 2) px, predictions minus annotations, NaN where not annotated.
        head_sizes: (P,) px.

    Returns:
        The median offset in x and y over joints within half a head size, if both have the same sign
        and are nearer to one pixel than to zero.
    """
    near = np.linalg.norm(offsets, axis=2) <= 0.5 * head_sizes[:, None]
    if not near.any():
        return None
    x, y = np.median(offsets[near], axis=0)
    off = 0.5 < abs(x) < 1.5 and 0.5 < abs(y) < 1.5 and x * y > 0
    return (float(x), float(y)) if off else None


def axes_swapped(joints: np.ndarray, truth: np.ndarray, head_sizes: np.ndarray) -> bool:
    """Tell if predictions seem to have y first.

    Args:
        joints: (P, K, 2) px.
        truth: (P, K, 2) px, NaN where not annotated.
        head_sizes: (P,) px.

    Returns:
        True if the median joint is more than a head size off, and less with x and y exchanged.
    """

    def median_offset(points: np.ndarray) -> float:
        offsets = np.linalg.norm(points - truth, axis=2) / head_sizes[:, None]
        return float(np.nanmedian(offsets)) if np.isfinite(offsets).any() else 0.0

    return median_offset(joints) > 1 > median_offset(joints[..., ::-1])


def _read_h5(path: Path) -> Predictions:
    return _people_first(path, read_hdf5(path, ["preds"], f"predictions {path}")["preds"])


def _read_mat(path: Path) -> Predictions:
    name = f"predictions {path}"
    content = read_mat(path, ["preds"], name)
    if "preds" not in content:
        raise InputError(f"{name} have no variable 'preds', only {variables_of(path, name)}")
    return _people_first(path, content["preds"])


def _read_json(path: Path) -> Predictions:
    people = read_json(path, f"predictions {path}")
    return _by_id(path, people, lambda person: np.asarray(person["keypoints"], float)[:, :2])


def _refuse_pickle(path: Path) -> Predictions:
    raise InputError(
        f"predictions {path}: a pickle is a program, and is not read. Write the keypoints with "
        "`mmhg test CONFIG CHECKPOINT --dump FILE.json`"
    )


_READERS: dict[str, Callable[[Path], Predictions]] = {
    ".h5": _read_h5,
    ".mat": _read_mat,
    ".json": _read_json,
    ".pkl": _refuse_pickle,
    ".pickle": _refuse_pickle,
}


_ORDERS = {
    "(people, 16, 2)": (0, 1, 2),
    "(people, 2, 16)": (0, 2, 1),
    "(2, 16, people)": (2, 1, 0),
    "(16, 2, people)": (2, 0, 1),
}
"""Orders of the axes, and how each is transposed to people, joints, x and y."""


def _people_first(path: Path, stored: np.ndarray) -> Predictions:
    if stored.ndim == 3 and stored.dtype.kind in "fiu":
        fitting = {
            name: joints
            for name, axes in _ORDERS.items()
            if (joints := stored.transpose(axes)).shape[1:] == (NUM_JOINTS, 2)
        }
        if len(fitting) > 1:
            clear = "(2, 2, 16)" if stored.shape[1] == NUM_JOINTS else "(16, 16, 2)"
            raise InputError(
                f"predictions {path}: 'preds' of shape {stored.shape} may be "
                f"{' or '.join(fitting)}. Transpose them to people first, {clear}, or write "
                "people as in the .json of `mmhg test --dump`"
            )
        for joints in fitting.values():
            return Predictions(joints.astype(np.float64))
    raise InputError(
        f"predictions {path}: 'preds' must be numbers of shape (people, 16, 2), (people, 2, 16), "
        f"(2, 16, people) or (16, 2, people), got {stored.dtype} of shape {stored.shape}"
    )


def _by_id(path: Path, people: Any, joints_of: Callable[[Any], np.ndarray]) -> Predictions:
    if not isinstance(people, list) or not people:
        raise InputError(
            f"predictions {path} must be a list of people, got {type(people).__name__}"
        )
    first: dict[int, np.ndarray] = {}
    scales: set[str] = set()
    for number, person in enumerate(people):
        try:
            joints = joints_of(person)
            first.setdefault(index(person["id"]), joints)
            scales.add(describe_scales([float(scale) for scale in person.get("test_scales", ())]))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"predictions {path}: entry {number} (from 0) is not a person as `mmhg test "
                f"--dump` writes it: {error!r}"
            ) from error
        if joints.shape != (NUM_JOINTS, 2):
            raise InputError(
                f"predictions {path}: entry {number} (from 0) must have keypoints of shape "
                f"(16, 2), got {joints.shape}"
            )
    if len(scales) > 1:
        raise InputError(f"predictions {path} were made in different ways: {sorted(scales)}")
    ordered = np.stack([first[number] for number in sorted(first)]).astype(np.float64)
    return Predictions(1.0 + ordered, scales.pop())
