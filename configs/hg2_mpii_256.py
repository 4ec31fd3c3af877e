_base_ = "hg8_mpii_256.py"

model = dict(backbone=dict(num_stacks=2))
