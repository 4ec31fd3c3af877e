"""Two stacks of four residuals at each place, as wide as equal GMACs need."""

_base_ = "hg8x1_lspet_128.py"

model = dict(backbone=dict(num_stacks=2, num_blocks=4, channels=68))
