"""Two slim stacks on the harder synthetic people at 256 px, for a GPU."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/synthetic.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/synthetic2_256.py",
]

model = dict(
    backbone=dict(num_stacks=2, channels=128, stem_channels=(32, 64, 64)),
    head=dict(decoder=_base_.codec),
)
