"""Two stacks of ours."""

_base_ = "_base_/lspet.py"

model = dict(backbone=dict(num_stacks=2, channels=128))
