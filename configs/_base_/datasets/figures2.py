"""The built-in figures, level 2: harder and larger, for studies and GPUs."""

_base_ = "figures.py"

_location = dict(dataset=dict(data_root="data/figures/level2/"))
train_dataloader = dict(_location)
val_dataloader = dict(_location)
test_dataloader = val_dataloader
