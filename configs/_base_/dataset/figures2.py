"""The built-in figures, level 2: harder and larger, for studies and GPUs."""

_base_ = "figures.py"

train_dataloader = dict(dataset=dict(data_root="data/figures/level2/"))
val_dataloader = dict(dataset=dict(data_root="data/figures/level2/"))
test_dataloader = val_dataloader
