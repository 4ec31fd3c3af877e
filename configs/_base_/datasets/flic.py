"""FLIC at 256 px, the paper's second dataset, scored by PCK in torso sizes.

The authors' annotations have the crop as it is: it is not padded again.
"""

_base_ = "mpii.py"

train_pipeline = [
    dict(step, padding=1.0) if step["type"] in ("GetBBoxCenterScale", "LoadPersonRegion") else step
    for step in _base_.train_pipeline
]
val_pipeline = [
    dict(step, padding=1.0) if step["type"] == "GetBBoxCenterScale" else step
    for step in _base_.val_pipeline
]

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
