"""The graph's decoding of every codec, against `predict.py`."""

import numpy as np
import pytest
import torch
from torch import nn

from mmhg.export.graph import KeypointNetwork
from mmhg.export.predict import decode

WIDTH, HEIGHT = 32, 24


class Given(nn.Module):
    """Heatmaps as they are."""

    def forward(self, heatmaps: torch.Tensor) -> tuple[torch.Tensor]:
        return (heatmaps,)


@pytest.fixture(scope="module")
def heatmaps() -> torch.Tensor:
    """Return noisy Gaussians (1, K, H, W) between pixels, at the borders too; one is negative."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    tops = [*(rng.uniform(0, (WIDTH, HEIGHT), (40, 2))), (0, 0), (31.4, 23.2), (1.3, 20.7), (30, 1)]
    sigmas = rng.uniform(1, 2.5, len(tops))
    maps = [
        np.exp(-((x - right) ** 2 + (y - down) ** 2) / (2 * sigma**2))
        for (right, down), sigma in zip(tops, sigmas, strict=True)
    ]
    noisy = np.stack(maps) * rng.uniform(0.2, 1, (len(maps), 1, 1))
    noisy += rng.normal(0, 0.005, noisy.shape)
    return torch.from_numpy(np.concatenate([noisy, -noisy[:1] - 1])[None].astype(np.float32))


@pytest.mark.parametrize("rule", ["authors", "mmpose", "dark", "udp"])
def test_graph_decodes_as_predict_does(rule: str, heatmaps: torch.Tensor) -> None:
    codec = dict(rule=rule, input_size=[128, 96], heatmap_size=[WIDTH, HEIGHT], blur_kernel_size=11)
    keypoints, scores, _ = KeypointNetwork(Given(), codec)(heatmaps)  # type: ignore[arg-type]
    wanted, wanted_scores = decode(heatmaps.numpy(), codec)
    np.testing.assert_array_equal(scores, wanted_scores)
    np.testing.assert_allclose(keypoints, wanted, atol=2e-3)
    whole = keypoints / 4 % 1 == 0
    assert rule not in ("dark", "udp") or whole.float().mean() < 0.5  # it did refine
