"""One stack of eight residuals at each place, as wide as equal GMACs need."""

_base_ = "hg8x1_lspet_128.py"

model = dict(backbone=dict(num_stacks=1, num_blocks=8, channels=70))
