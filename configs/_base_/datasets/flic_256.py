"""FLIC at 256 px, the paper's second dataset, scored by PCK in torso sizes.

The authors' annotations have the final crop, which is not padded again.
"""

_base_ = "mpii_256.py"

box = dict(_base_.box, padding=1.0)
train_pipeline = [
    _base_.load,
    box,
    _base_.augment,
    _base_.flip,
    _base_.crop,
    _base_.target,
    _base_.pack,
]
val_pipeline = [_base_.load, box, _base_.crop, _base_.pack]

dataset_type = "FLICDataset"
dataset = dict(
    _delete_=True,
    type=dataset_type,
    data_root="data/flic/",
    data_mode="topdown",
    data_prefix=dict(img="images/"),
    side_convention="observer-centric",
)
train_dataloader = dict(dataset=dict(dataset, ann_file="annot/train.h5", pipeline=train_pipeline))
val_dataloader = dict(
    dataset=dict(dataset, ann_file="annot/valid.h5", test_mode=True, pipeline=val_pipeline)
)
test_dataloader = val_dataloader

val_evaluator = dict(type="TorsoPCKMetric")
test_evaluator = val_evaluator
