"""The features alone are re-injected, not the heatmaps."""

_base_ = "hg4x2_lspet_128.py"

model = dict(backbone=dict(reinject_heatmaps=False))
