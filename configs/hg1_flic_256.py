_base_ = "hg8_flic_256.py"

model = dict(backbone=dict(num_stacks=1))
