"""The paper's network and recipe."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/rmsprop.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/mpii.py",
]

model = dict(data_preprocessor=dict(encoder=_base_.codec), head=dict(decoder=_base_.codec))
