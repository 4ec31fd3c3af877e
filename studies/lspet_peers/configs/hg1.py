"""One stack of ours."""

_base_ = "_base_/lspet.py"

model = dict(backbone=dict(num_stacks=1, channels=176))
