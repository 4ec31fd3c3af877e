"""The paper's network and recipe."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/rmsprop.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/mpii_256.py",
]

model = dict(head=dict(decoder=_base_.codec))
