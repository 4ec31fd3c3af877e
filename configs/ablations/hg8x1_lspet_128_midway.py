"""Intermediate supervision before the last two upsamplings of each hourglass."""

_base_ = "hg8x1_lspet_128.py"

model = dict(backbone=dict(supervision="midway"))
