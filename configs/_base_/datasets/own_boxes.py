"""Objects of any kind in their boxes, moved, scaled and turned; scored by the mean error in px."""

_base_ = "coco_256.py"

move = dict(
    type="RandomBBoxTransform",
    shift_prob=1.0,
    scale_factor=(0.75, 1.25),
    rotate_factor=30,
    rotate_prob=1.0,
)
train_pipeline = [
    _base_.load,
    _base_.box,
    move,
    _base_.flip,
    _base_.crop,
    _base_.target,
    _base_.pack,
]

data_root = ""
train_dataloader = dict(
    batch_size=8, num_workers=1, dataset=dict(data_root="", pipeline=train_pipeline)
)
val_dataloader = dict(batch_size=24, num_workers=1, dataset=dict(data_root="", bbox_file=None))
test_dataloader = val_dataloader

val_evaluator = dict(_delete_=True, type="KeypointErrorMetric")
test_evaluator = val_evaluator
