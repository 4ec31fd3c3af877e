"""Do labels look as the others' do, or as the others' would if some were exchanged?

Shape shorthand in this module: N people, K keypoints, D numbers of a shape, F features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mmhg.data_check.shapes import Shapes, lay_over

FOLDS = 5
MOST = 1200
"""People from whom is learned; more take longer and tell little more."""

_WIDTH, _WIDER, _FLAGS = 0.3, 7.0, 0.25
"""Of the kernel: its width over the median squared distance, how much wider its second Gaussian is,
and what a flag counts in the size of the mean shape."""

_RIDGES = 0.05, 0.5
"""Little for people in all poses, much for shapes that are nearly alike."""


class ShapeMargins:
    """By how much shapes agree with their labels.

    Kernel ridge regression, with Gaussian kernels, of 1 for labels as they are and -1 for
    exchanged ones. A picture may be mirrored if left and right are exchanged as well. Each person's
    margin comes from the others. Exchanged labels are laid over the mean shape anew: they must look
    as those of a person whose labels are wrong.

    Args:
        points: People (N, K) complex px, NaN where not labeled.
        flags: (N, K) 0, 1 or 2.
        shapes: Their distribution.
        partners: (K,) the keypoint on the other side.
    """

    def __init__(
        self, points: np.ndarray, flags: np.ndarray, shapes: Shapes, partners: np.ndarray
    ) -> None:
        mean = shapes.mean
        # Where nothing is labeled, the place tells no side.
        self._missing = 1j * ((mean + mean[partners]) / 2).imag
        self._points, self._flags = points, flags
        self._shapes, self._partners = shapes, partners
        self._mirrors = bool((partners != np.arange(len(mean))).any())

    def margins(self, order: np.ndarray, members: np.ndarray, most: int = MOST) -> np.ndarray:
        """Return the margins of some people, of each ridge: (len(members), 2).

        Args:
            order: (K,) the exchange.
            members: Indices of the people.
            most: People from whom is learned.
        """
        points, flags = self._points[members], self._flags[members]
        asked = [(1, self._numbers(points, flags)), (-1, self._exchanged(points, flags, order))]
        learned = list(asked)
        if self._mirrors:
            points, flags = -points[:, self._partners].conj(), flags[:, self._partners]
            learned.append((1, self._numbers(points, flags)))
            learned.append((-1, self._exchanged(points, flags, order)))
        found = np.zeros((len(members), len(_RIDGES)))
        given = asked[0][1]
        for rest, others in folds(len(members), most):
            among = _distances(given[others], given[others])
            width = max(float(np.median(among)) * _WIDTH, 1e-6)
            kernel = _kernel(_rows(asked, others), _rows(learned, others), width)
            ones, eye = np.ones(len(others)), np.eye(len(others))
            weights = np.stack(
                [np.linalg.lstsq(kernel + one * eye, ones, rcond=1e-6)[0] for one in _RIDGES], 1
            )
            for part in np.array_split(rest, max(1, len(rest) // 2000)):
                rows = _kernel(_rows(asked, part), _rows(learned, others), width)
                found[part] = rows @ weights
        return found

    def _exchanged(self, points: np.ndarray, flags: np.ndarray, order: np.ndarray) -> np.ndarray:
        return self._numbers(points[:, order], flags[:, order])

    def _numbers(self, points: np.ndarray, flags: np.ndarray) -> np.ndarray:
        laid = lay_over(points, self._shapes.mean, self._shapes.turns)[0]
        filled = np.where(np.isfinite(laid), laid, self._missing)
        return np.concatenate([filled.real, filled.imag, _FLAGS * flags], axis=1)


Signed = Sequence[tuple[int, np.ndarray]]


def _rows(signed: Signed, rows: np.ndarray) -> Signed:
    return [(sign, numbers[rows]) for sign, numbers in signed]


def folds(count: int, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield indices of some people, and of others from whom is learned about them."""
    number = FOLDS if count <= 3 * most else 2
    order = np.random.default_rng(0).permutation(count)
    for fold in range(number):
        mine = order[fold::number]
        yield mine, np.setdiff1d(order, mine)[:: max(1, (count - len(mine)) // most)][:most]


def _kernel(asked: Signed, learned: Signed, width: float) -> np.ndarray:
    total = np.zeros((len(asked[0][1]), len(learned[0][1])))
    for sign, given in asked:
        for other_sign, others in learned:
            near = -_distances(given, others) / width
            total += sign * other_sign * (np.exp(near) + np.exp(near / _WIDER))
    mean: np.ndarray = total / 4
    return mean


def _distances(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    squares = (some**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None]
    distances: np.ndarray = np.maximum(squares - 2 * some @ others.T, 0)
    return distances


def picture_margins(off: np.ndarray, prior: np.ndarray | None) -> np.ndarray:
    """Learn from features' differences (N, F) what tells two keypoints apart, and apply it.

    Ridge regression of 1 without an intercept: -1 would be its answer for exchanged labels.

    Args:
        off: Differences between the features at the two keypoints.
        prior: A further feature (N,) that is trusted more, or None.
    """
    features = off / np.maximum(off.std(axis=0), 1e-6) / np.sqrt(off.shape[1])
    if prior is not None:
        trusted = prior / max(float(np.median(np.abs(prior))), 1e-9)
        features = np.column_stack([features, 0.5 * np.clip(trusted, -4, 4)])
    found = np.zeros(len(features))
    for rest, others in folds(len(features), 100_000):
        known = features[others]
        gram = known.T @ known + 3.0 * np.eye(known.shape[1])
        found[rest] = features[rest] @ np.linalg.solve(gram, known.sum(axis=0))
    return found
