"""Intermediate supervision before the last two upsamplings of each hourglass."""

_base_ = "hg1x8_lspet_128.py"

model = dict(backbone=dict(supervision="midway"))
