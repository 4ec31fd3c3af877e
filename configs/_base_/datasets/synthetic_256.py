"""The built-in synthetic people, level 1, in MPII's layout, class and metric.

Training people vary as much in rotation and size as validation people, so that augmentation can add
little in the few epochs that a CPU has time for.
"""

_base_ = "mpii_256.py"

augment = dict(_base_.augment, scale=0.1, rotation=10)
train_pipeline = [
    _base_.load,
    _base_.box,
    augment,
    _base_.flip,
    _base_.crop,
    _base_.target,
    _base_.pack,
]
_location = dict(data_root="data/synthetic/level1/")
train_dataloader = dict(
    batch_size=8, num_workers=2, dataset=dict(_location, pipeline=train_pipeline)
)
val_dataloader = dict(batch_size=50, num_workers=2, dataset=_location)
test_dataloader = val_dataloader
