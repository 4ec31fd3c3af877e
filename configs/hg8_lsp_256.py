"""The paper's network and recipe on LSP and LSPET, 14 joints."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/rmsprop.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/lsp.py",
]

model = dict(
    data_preprocessor=dict(encoder=_base_.codec),
    backbone=dict(num_keypoints=14),
    head=dict(in_channels=14, out_channels=14, decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best="PCK@0.2"))
