"""One stack instead of two, to measure the gain of the second."""

_base_ = "hg2_synthetic2_256.py"

model = dict(backbone=dict(num_stacks=1))
