"""Read files of predicted joints, in MPII's 1-based pixels."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.io import loadmat

from mmhg.config.with_test_scales import describe_scales
from mmhg.datasets.formats.mpii_mat import NUM_JOINTS
from mmhg.errors import InputError

PEOPLE_OF_SPLITS = {2958: "validation", 22246: "training", 25204: "trainval", 11731: "test"}
"""MPII's splits by number of people, the last three as in HRNet and MMPose."""

_NUMPY_CLASSES = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("_codecs", "encode"),
    *(
        (module, name)
        for module in ("numpy.core.multiarray", "numpy._core.multiarray")
        for name in ("_reconstruct", "scalar")
    ),
    ("numpy.core.numeric", "_frombuffer"),
    ("numpy._core.numeric", "_frombuffer"),
}
"""Needed to unpickle plain arrays and numbers. Anything else may run code."""


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
            (P, 2, 16), (2, 16, P) or (16, 2, P); or the `.pkl` of `mmhg test --dump`, whose pixels
            are 0-based; or its `.json`, a list of people with `id` and `keypoints` [[x, y], ...]
            of 0-based pixels. The latter two are sorted by id; of people with the same id the
            first one counts.

    Raises:
        InputError: No such file, an unknown kind, damage, another shape, or a coordinate that is
            not finite; names the file and the person.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"predictions {path} do not exist")
    if path.suffix not in _READERS:
        raise InputError(
            f"predictions {path}: the suffix must be one of {', '.join(_READERS)}, got "
            f"{path.suffix!r}"
        )
    try:
        predictions = _READERS[path.suffix](path)
    except InputError:
        raise
    except Exception as error:  # damaged bytes raise whatever they lead to
        raise InputError(
            f"predictions {path} cannot be read, the file is damaged or of another kind: {error}"
        ) from error
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
    with h5py.File(path, "r") as file:
        if "preds" not in file:
            raise InputError(f"predictions {path} have no dataset 'preds', only {sorted(file)}")
        return _people_first(path, file["preds"][()])


def _read_mat(path: Path) -> Predictions:
    content = loadmat(path)
    if "preds" not in content:
        found = sorted(name for name in content if not name.startswith("__"))
        raise InputError(f"predictions {path} have no variable 'preds', only {found}")
    return _people_first(path, content["preds"])


def _read_pickle(path: Path) -> Predictions:
    people = _ArrayUnpickler(io.BytesIO(path.read_bytes())).load()
    return _by_id(
        path, people, lambda person: np.asarray(person["pred_instances"]["keypoints"])[0, :, :2]
    )


def _read_json(path: Path) -> Predictions:
    people = json.loads(path.read_bytes())
    return _by_id(path, people, lambda person: np.asarray(person["keypoints"], float)[:, :2])


_READERS: dict[str, Callable[[Path], Predictions]] = {
    ".h5": _read_h5,
    ".mat": _read_mat,
    ".pkl": _read_pickle,
    ".pickle": _read_pickle,
    ".json": _read_json,
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
            first.setdefault(int(person["id"]), joints)
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
    ordered = np.stack([first[index] for index in sorted(first)]).astype(np.float64)
    return Predictions(1.0 + ordered, scales.pop())


class _ArrayUnpickler(pickle.Unpickler):
    """Read containers, numbers and arrays, and nothing that would run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NUMPY_CLASSES:
            raise InputError(
                f"the pickle refers to {module}.{name}. Only arrays and numbers are read, since a "
                "pickle can run any code"
            )
        return super().find_class(module, name)
