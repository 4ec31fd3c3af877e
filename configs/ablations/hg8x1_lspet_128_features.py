"""The features alone are re-injected, not the heatmaps."""

_base_ = "hg8x1_lspet_128.py"

model = dict(backbone=dict(reinject_heatmaps=False))
