"""DARK (Zhang et al., CVPR 2020): from a map's highest pixel to the top of the Gaussian around it.

The map is blurred and scaled to its old maximum; one Newton step on the logarithm leads to the top.
MMPose has two forms, which differ in their derivatives, at the border, and in the limits that
values are kept to ahead of the logarithm.

The step needs blurred pixels around the maximum only; the scale, for which the whole map has to be
blurred, adds a constant to the logarithms, which matters only where a value meets a limit. Where
one does, and where the step is so ill-conditioned that MMPose's is made of rounding errors,
MMPose's own function is called on the CPU. On other devices choosing maps would make the host wait:
there all are blurred.

Shape shorthand in this module: M maps, H x W px of the maps, B px of the kernel, R px of reach.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import torch
from mmpose.codecs.utils.refinement import refine_keypoints_dark, refine_keypoints_dark_udp
from torch import Tensor

from mmhg.codecs.batch_decode import Peaks, widened, within

_CLEAR = 1.001
"""By which factor a value must clear a limit, so that rounding does not matter."""

_WELL_CONDITIONED = 1000
"""Most by which a step may enlarge errors of the logarithms, about 1e-6 in MMPose's float32."""

Refine = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def dark_offsets(maps: Tensor, peaks: Peaks, kernel_size: int) -> Tensor:
    """What MMPose's `refine_keypoints_dark` adds to maxima.

    Args:
        maps: (M, H, W), contiguous.
        peaks: Of these maps.
        kernel_size: B, odd.

    Returns:
        (M, 2) float64, heatmap px along x and y; 0 less than 2 px from the border.
    """
    logs, clear = logarithms(maps, peaks, kernel_size, 2, limits=(1e-10, float("inf")))

    def at(x: int, y: int) -> Tensor:
        return logs[:, 2 + y, 2 + x]

    xx = 0.25 * (at(2, 0) - 2 * at(0, 0) + at(-2, 0))
    xy = 0.25 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1))
    yy = 0.25 * (at(0, 2) - 2 * at(0, 0) + at(0, -2))
    offsets, sure = _newton_step(at, xx, xy, yy)
    inside = within(maps, peaks.places, 2).all(1)
    solvable = inside & (xx * yy - xy**2 != 0)
    offsets = torch.where(solvable[:, None], offsets, 0)
    unsure = inside & ~(clear & sure)
    return _left_to(refine_keypoints_dark, maps, peaks, kernel_size, offsets, unsure)


def udp_offsets(maps: Tensor, peaks: Peaks, kernel_size: int) -> Tensor:
    """What MMPose's `refine_keypoints_dark_udp` adds to maxima.

    Args:
        maps: (M, H, W), contiguous.
        peaks: Of these maps.
        kernel_size: B, odd.

    Returns:
        (M, 2) float64, heatmap px along x and y; NaN where the whole map is zero.
    """
    logs, clear = logarithms(maps, peaks, kernel_size, 1, limits=(1e-3, 50.0))
    logs = _border_repeated(logs, maps, peaks)

    def at(x: int, y: int) -> Tensor:
        return logs[:, 1 + y, 1 + x]

    epsilon = float(np.finfo(np.float32).eps)
    xx = at(1, 0) - 2 * at(0, 0) + at(-1, 0) + epsilon
    yy = at(0, 1) - 2 * at(0, 0) + at(0, -1) + epsilon
    beside = at(1, 0) + at(0, 1) + at(-1, 0) + at(0, -1)
    xy = 0.5 * (at(1, 1) + 2 * at(0, 0) + at(-1, -1) - beside)
    offsets, sure = _newton_step(at, xx, xy, yy)
    unsure = ~(clear & sure)
    return _left_to(refine_keypoints_dark_udp, maps, peaks, kernel_size, offsets, unsure)


def logarithms(
    maps: Tensor, peaks: Peaks, kernel_size: int, reach: int, limits: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """Logarithms of the blurred maps around their maxima, in float64: small differences count.

    Args:
        maps: (M, H, W).
        peaks: Of these maps.
        kernel_size: B, odd.
        reach: R.
        limits: Between which values are kept, once the blurred map's maximum is the unblurred
            one's.

    Returns:
        (M, 2 R + 1, 2 R + 1), rows then columns, up to a constant for each map; and (M,) bool,
        where neither limit is met. On the CPU only these hold.
    """
    lowest, highest = limits
    weights = _blur_weights(kernel_size, 2 * reach + 1).to(maps.device)
    around = _surroundings(maps, peaks, reach + kernel_size // 2).flatten(1)
    window = (around @ torch.kron(weights, weights)).unflatten(1, (2 * reach + 1, 2 * reach + 1))
    # Blurred maxima are no higher than the old ones, so scaling does not make values smaller.
    clear = (window.amin((1, 2)) > lowest * _CLEAR) & (peaks.values * _CLEAR < highest)
    if not maps.is_cpu:
        window = window * (peaks.values / blurred_maxima(maps, kernel_size))[:, None, None]
    return window.clamp(lowest, highest).log(), clear


def blurred_maxima(maps: Tensor, kernel_size: int) -> Tensor:
    """Maxima (M,) float64 of the blurred maps (M, H, W), which are zero outside."""
    height, width = (
        _blur_weights(kernel_size, size)[kernel_size // 2 :][:size].to(maps.device)
        for size in maps.shape[1:]
    )
    return (height @ maps.double() @ width).amax((1, 2))


def _surroundings(maps: Tensor, peaks: Peaks, reach: int) -> Tensor:
    """(M, 2 R + 1, 2 R + 1) float64 around the maxima, rows then columns; zero outside."""
    step = torch.arange(-reach, reach + 1, device=maps.device)
    height, width = maps.shape[1:]
    columns, rows = (peaks.places[:, :, None] + step).unbind(1)
    outside = ((rows < 0) | (rows >= height))[:, :, None]
    outside = outside | ((columns < 0) | (columns >= width))[:, None, :]
    index = peaks.indices[:, None, None] + (step[:, None] * width + step)
    values = maps.flatten(1).gather(1, index.clamp(0, height * width - 1).flatten(1))
    return values.view(index.shape).double().masked_fill_(outside, 0)


def _border_repeated(window: Tensor, maps: Tensor, peaks: Peaks) -> Tensor:
    """Windows (M, 3, 3) around maxima, what lies outside of the map replaced by what is nearest."""
    step = torch.arange(-1, 2, device=maps.device)
    for dim in (1, 2):
        place = peaks.places[:, 2 - dim, None]
        nearest = (place + step).clamp(0, maps.shape[dim] - 1) - place + 1
        window = window.take_along_dim(nearest.unsqueeze(3 - dim), dim)
    return window


def _blur_weights(kernel_size: int, size: int) -> Tensor:
    """What makes `size` blurred px of size + B - 1 px along an axis: a matrix of that shape.

    The weights are those of `cv2.GaussianBlur` where it is told B alone.
    """
    kernel = torch.from_numpy(cv2.getGaussianKernel(kernel_size, 0, cv2.CV_32F)[:, 0])
    weights = torch.zeros(size + kernel_size - 1, size, dtype=torch.float64)
    for pixel in range(size):
        weights[pixel : pixel + kernel_size, pixel] = kernel
    return weights


def _newton_step(
    at: Callable[[int, int], Tensor], xx: Tensor, xy: Tensor, yy: Tensor
) -> tuple[Tensor, Tensor]:
    """Minus the inverse Hessian times the gradient: (M, 2) along x and y.

    Also (M,) bool: where that is well-conditioned.
    """
    x, y = 0.5 * (at(1, 0) - at(-1, 0)), 0.5 * (at(0, 1) - at(0, -1))
    determinant = xx * yy - xy**2
    step = torch.stack((xy * y - yy * x, xy * x - xx * y), dim=1) / determinant[:, None]
    inverse = (xx**2 + 2 * xy**2 + yy**2).sqrt() / determinant.abs()
    return step, inverse * (1 + step.norm(dim=1)) < _WELL_CONDITIONED


def _left_to(
    refine: Refine, maps: Tensor, peaks: Peaks, kernel_size: int, offsets: Tensor, unsure: Tensor
) -> Tensor:
    """Offsets (M, 2), where `unsure` (M,) those of MMPose's function, if maps are on the CPU."""
    if not maps.is_cpu or not unsure.any():
        return offsets
    pixels = peaks.places[unsure].float().numpy()
    refined = refine(pixels[None].copy(), widened(maps[unsure]).numpy(), kernel_size)[0]
    offsets[unsure] = torch.from_numpy(refined - pixels).to(offsets)
    return offsets
