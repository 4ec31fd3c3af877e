"""The built-in synthetic people, level 2: harder and larger, for studies and GPUs."""

_base_ = "synthetic_256.py"

train_dataloader = dict(dataset=dict(data_root="data/synthetic/level2/"))
val_dataloader = dict(dataset=dict(data_root="data/synthetic/level2/"))
test_dataloader = val_dataloader
