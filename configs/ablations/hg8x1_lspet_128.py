"""Eight stacks of one residual at each place, on LSPET at 128 px: what the ablations change."""

_base_ = "../hg2_lspet_128.py"

model = dict(backbone=dict(num_stacks=8, channels=64, stem_channels=(16, 32, 64)))
