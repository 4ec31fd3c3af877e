"""One stack in place of two, to see what the second one is for."""

_base_ = "hg2_synthetic_128.py"

model = dict(backbone=dict(num_stacks=1))
