"""Four stacks of ours."""

_base_ = "_base_/lspet.py"

model = dict(backbone=dict(num_stacks=4, channels=92))
