"""The paper's network and recipe on FLIC, 11 joints."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/rmsprop.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/flic.py",
]

model = dict(
    data_preprocessor=dict(encoder=_base_.codec),
    backbone=dict(num_keypoints=11),
    head=dict(in_channels=11, out_channels=11, decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best="PCK@0.2"))
