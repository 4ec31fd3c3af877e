_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/adam.py",
    "_base_/models/hourglass.py",
    "_base_/dataset/coco.py",
]

model = dict(
    backbone=dict(num_keypoints=17),
    head=dict(in_channels=17, out_channels=17, decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best="coco/AP"))
