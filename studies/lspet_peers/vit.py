"""A plain vision transformer as a backbone of MMPose, which has none of its own.

Shape shorthand in this module: N images, C channels, T tokens, H x W px of the input image.
"""

from __future__ import annotations

import torch
from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

_MLP_RATIO = 4
"""Width of the hidden layer in widths of the tokens (Dosovitskiy and others, ICLR 2021)."""


class Attention(nn.Module):
    """Self-attention over all tokens."""

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.to_queries_keys_values = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, T, C) to (N, T, C)."""
        heads = self.to_queries_keys_values(x).unflatten(2, (3, self.num_heads, -1))
        queries, keys, values = heads.permute(2, 0, 3, 1, 4).unbind()
        attended = F.scaled_dot_product_attention(queries, keys, values)
        return self.out(attended.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """A layer of the transformer, with the norms ahead of its two parts."""

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = Attention(channels, num_heads)
        self.mlp_norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, _MLP_RATIO * channels),
            nn.GELU(),
            nn.Linear(_MLP_RATIO * channels, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, T, C) to (N, T, C)."""
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp(self.mlp_norm(x))


@MODELS.register_module()
class PlainViT(BaseBackbone):
    """ViT (Dosovitskiy and others, ICLR 2021) without a class token, as ViTPose uses it.

    Args:
        input_size: Width and height of the input, px.
        patch_size: Side of a token's patch, px.
        channels: Width of the tokens, C.
        depth: Number of layers.
        num_heads: Heads of the attention.
    """

    def __init__(
        self,
        *,
        input_size: tuple[int, int],
        patch_size: int,
        channels: int,
        depth: int,
        num_heads: int,
    ) -> None:
        super().__init__()
        width, height = input_size
        grid = height // patch_size, width // patch_size
        self.embed = nn.Conv2d(3, channels, patch_size, stride=patch_size)
        self.positions = nn.Parameter(torch.zeros(1, channels, *grid))
        self.layers = nn.Sequential(*(Layer(channels, num_heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(channels)

    def init_weights(self) -> None:
        """Draw the weights as ViT does: a normal distribution with std 0.02, biases 0."""
        nn.init.trunc_normal_(self.positions, std=0.02)
        for module in self.layers.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        """Map (N, 3, H, W) to a tuple of one feature map (N, C, H / patch, W / patch)."""
        x = self.embed(images) + self.positions
        tokens = self.norm(self.layers(x.flatten(2).transpose(1, 2)))
        return (tokens.transpose(1, 2).unflatten(2, x.shape[2:]),)
