"""Intermediate supervision before the last two upsamplings of each hourglass."""

_base_ = "hg4x2_lspet_128.py"

model = dict(backbone=dict(supervision="midway"))
