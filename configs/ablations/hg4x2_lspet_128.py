"""Four stacks of two residuals at each place, as wide as equal GMACs need."""

_base_ = "hg8x1_lspet_128.py"

model = dict(backbone=dict(num_stacks=4, num_blocks=2, channels=66))
