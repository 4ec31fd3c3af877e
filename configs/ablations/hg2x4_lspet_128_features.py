"""The features alone are re-injected, not the heatmaps."""

_base_ = "hg2x4_lspet_128.py"

model = dict(backbone=dict(reinject_heatmaps=False))
