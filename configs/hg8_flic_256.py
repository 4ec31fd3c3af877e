"""The paper's network and recipe on FLIC, 11 joints."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/rmsprop.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/flic_256.py",
]

model = dict(
    backbone=dict(num_keypoints=11),
    head=dict(decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best="PCK@0.2"))
