"""Say how plausible a person's shape is among the others'.

Shape shorthand in this module: N people, K keypoints. Points are complex numbers, x + i y in px.

Each person is laid over the mean shape. For every two keypoints the offset between them then has a
distribution, a Student's t. The sum of their logarithms is the plausibility of a shape. A mirror
image is a second form of the mean shape where the data show both: people from the front and from
behind. Where nearly all look one way (faces, animals from above), it is none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS = 12
"""Of fitting the mean shape."""

ONE_WAY = 0.12
"""Share of mirrored people up to which a mirrored person is a mistake."""

UPRIGHT = 0.8
"""Length of the mean of all people's directions from which they are not turned."""

_FREEDOM = 4.0
"""Degrees of freedom of the t distribution."""

_FLOOR = 0.03
"""Standard deviation of an offset, at least, in the mean shape's size."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """The distribution of the shapes of some people.

    Args:
        mean: (K,) complex; mean 0 and mean square 1.
        turns: Whether people may be turned in any direction when they are laid over it.
        share: Of people whose mirror image fits better.
        centers: (K, K) complex mean offsets from one keypoint to another.
        precisions: (K, K, 2, 2) inverse covariances of the offsets.
        norms: (K, K) logarithms of the normalization.
    """

    mean: np.ndarray
    turns: bool
    share: float
    centers: np.ndarray
    precisions: np.ndarray
    norms: np.ndarray

    @property
    def two_sided(self) -> bool:
        """Tell if mirror images are as good."""
        return self.share > ONE_WAY

    def plausibility(self, points: np.ndarray) -> np.ndarray:
        """Return the logarithm (N,) for people (N, K) complex, NaN where not labeled."""
        plain = self._of(lay_over(points, self.mean, self.turns)[0])
        if not self.two_sided:
            return plain
        mirrored = self._of(lay_over(-points.conj(), self.mean, self.turns)[0])
        return np.maximum(plain, mirrored)

    def _of(self, laid: np.ndarray) -> np.ndarray:
        total = np.zeros(len(laid))
        for i in range(len(self.mean)):
            for j in range(i):
                off = laid[:, i] - laid[:, j] - self.centers[i, j]
                parts = np.stack([off.real, off.imag], axis=1)
                distance = np.einsum("na,ab,nb->n", parts, self.precisions[i, j], parts)
                log = self.norms[i, j] - (_FREEDOM + 2) / 2 * np.log1p(distance / _FREEDOM)
                total += np.nan_to_num(log)
        count = np.isfinite(laid).sum(axis=1)
        per_keypoint: np.ndarray = total / np.maximum(count - 1, 1)
        return per_keypoint


def lay_over(
    points: np.ndarray, mean: np.ndarray, turns: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Move, scale and, if wanted, turn people (N, K) so that they fit the mean shape best.

    Returns:
        The people, their mean squared distances (N,), and the factors (N,), complex.
    """
    known = np.isfinite(points)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    filled = np.where(known, points, 0)
    target = np.where(known, mean, 0)
    own = np.where(known, filled - filled.sum(axis=1, keepdims=True) / count, 0)
    middle = target.sum(axis=1, keepdims=True) / count
    wanted = np.where(known, target - middle, 0)
    power = np.maximum((np.abs(own) ** 2).sum(axis=1), 1e-12)
    factor = (own.conj() * wanted).sum(axis=1) / power
    if not turns:
        size = np.sqrt((np.abs(wanted) ** 2).sum(axis=1) / power)
        factor = np.maximum(factor.real, 0.3 * size).astype(complex)
    else:  # the size by the power, so that a shape that does not fit is not made small
        size = np.sqrt((np.abs(wanted) ** 2).sum(axis=1) / power)
        factor = size * np.exp(1j * np.angle(factor))
    laid = own * factor[:, None] + middle
    error = (np.abs(np.where(known, laid - target, 0)) ** 2).sum(axis=1) / count[:, 0]
    return np.where(known, laid, np.nan), error, factor


def fit_shapes(points: np.ndarray) -> Shapes:
    """Fit the distribution of people (N, K) complex, NaN where not labeled.

    They are turned if they look in all directions.
    """
    free = _fit(points, True)
    factors = lay_over(points, free.mean, True)[2]
    alike = float(np.abs(np.mean(factors / np.maximum(np.abs(factors), 1e-12))))
    return free if alike < UPRIGHT else _fit(points, False)


def _fit(points: np.ndarray, turns: bool) -> Shapes:
    mean = _start(points)
    mirrored = np.zeros(len(points), bool)
    for _ in range(ROUNDS):
        plain, error, _ = lay_over(points, mean, turns)
        other, other_error, _ = lay_over(-points.conj(), mean, turns)
        mirrored = other_error < error
        laid = np.where(mirrored[:, None], other, plain)
        mean = _centered(np.nanmedian(laid.real, axis=0) + 1j * np.nanmedian(laid.imag, axis=0))
    share = float(mirrored.mean())
    if share > 0.5:
        mean, share, mirrored = _centered(-mean.conj()), 1 - share, ~mirrored
    if share <= ONE_WAY:
        mirrored[:] = False
    used = np.where(mirrored[:, None], -points.conj(), points)
    laid = lay_over(used, mean, turns)[0]
    return Shapes(mean, turns, share, *_offsets(laid))


def _start(points: np.ndarray) -> np.ndarray:
    """Return the person with most keypoints who is of the usual shape, filled by the others."""
    count = np.isfinite(points).sum(axis=1)
    best = np.argsort(-count, kind="stable")[:50]
    full = points[best[0]]
    middle = np.nanmean(points, axis=1, keepdims=True)
    size = np.sqrt(np.nanmean(np.abs(points - middle) ** 2, axis=1, keepdims=True))
    usual = np.nanmedian(((points - middle) / size).real, axis=0) + 1j * np.nanmedian(
        ((points - middle) / size).imag, axis=0
    )
    own = (full - middle[best[0]]) / size[best[0]]
    return _centered(np.where(np.isfinite(own), own, usual))


def _centered(mean: np.ndarray) -> np.ndarray:
    mean = np.where(np.isfinite(mean), mean, 0)
    mean = mean - mean.mean()
    scaled: np.ndarray = mean / max(float(np.sqrt((np.abs(mean) ** 2).mean())), 1e-9)
    return scaled


def _offsets(laid: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distributions of the offsets of people (N, K) laid over the mean."""
    count = laid.shape[1]
    centers = np.zeros((count, count), complex)
    precisions = np.zeros((count, count, 2, 2))
    norms = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            off = laid[:, i] - laid[:, j]
            off = off[np.isfinite(off)]
            if len(off) < 5:
                continue
            center = np.median(off.real) + 1j * np.median(off.imag)
            parts = np.stack([(off - center).real, (off - center).imag])
            near = np.abs(off - center) <= np.quantile(np.abs(off - center), 0.95)
            covariance = np.cov(parts[:, near]) if near.sum() > 4 else np.eye(2) * 0.1
            shrunk = covariance + np.eye(2) * (_FLOOR**2 + 0.5 * np.trace(covariance) / len(off))
            centers[i, j] = center
            precisions[i, j] = np.linalg.inv(shrunk)
            norms[i, j] = -0.5 * np.log(np.linalg.det(shrunk))
    return centers, precisions, norms
