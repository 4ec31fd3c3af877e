"""The paper's network and recipe on LSP and LSPET, 14 joints."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/rmsprop.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/lsp_256.py",
]

model = dict(
    backbone=dict(num_keypoints=14),
    head=dict(decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best="PCK@0.2"))
