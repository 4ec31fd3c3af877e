"""Without intermediate supervision: a loss after the last stack alone."""

_base_ = "hg2x4_lspet_128.py"

model = dict(backbone=dict(supervision="last"))
