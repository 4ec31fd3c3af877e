_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/adam.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/coco_256.py",
]

model = dict(
    backbone=dict(num_keypoints=17),
    head=dict(decoder=_base_.codec),
    # Pixel i of MMPose's heatmaps represents input pixel 4 i, so that a mirrored heatmap is 3
    # input pixels off. Shifted by a heatmap pixel it is 1 off.
    test_cfg=dict(shift_heatmap=True),
)
default_hooks = dict(checkpoint=dict(save_best="coco/AP"))
