"""The conditions of every network: those of `hg2_lspet_128`, for 8 epochs."""

_base_ = "../../../../configs/hg2_lspet_128.py"

max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [dict(_base_.param_scheduler[0], total_steps=max_epochs)]
