"""Two stacks of full width on LSPET's photographs, 14 joints; for a GPU."""

_base_ = "hg8_lspet_256.py"

model = dict(backbone=dict(num_stacks=2))
