_base_ = "hg8_mpii_256.py"

model = dict(backbone=dict(num_stacks=2), head=dict(num_stages=2))
