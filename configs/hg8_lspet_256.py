"""The paper's network on LSPET's photographs, 14 joints; for a GPU."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/one_cycle.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/lspet_256.py",
]

model = dict(backbone=dict(num_keypoints=14), head=dict(decoder=_base_.codec))
default_hooks = dict(checkpoint=dict(save_best="PCK@0.2"), bn=dict(type="PreciseBNHook"))
