"""The built-in figures, level 1, in MPII's layout, class and metric."""

_base_ = "mpii.py"

_location = dict(dataset=dict(data_root="data/figures/level1/"), num_workers=2)
train_dataloader = dict(_location, batch_size=16)
val_dataloader = dict(_location, batch_size=32)
test_dataloader = val_dataloader
