"""LSPET alone at 256 px: people 0, 10, 20, ... of the file validate; person-centric PCK.

Every person is cropped by the extent of the annotated joints, in training and validation alike.
Athletes lean and turn over, and 9,000 photographs are few: training people are rotated further than
the paper's are, and the colors vary as in the authors' released code.
"""

_base_ = "mpii_256.py"

augment = dict(_base_.augment, rotation=45)
color = dict(type="RandomChannelGain")
train_pipeline = [
    _base_.load,
    _base_.box,
    augment,
    _base_.flip,
    _base_.crop,
    color,
    _base_.target,
    _base_.pack,
]

dataset_type = "LSPDataset"
person_set = dict(
    type=dataset_type,
    data_root="data/lspet/",
    ann_file="joints.mat",
    split="train",
    hold_out=10,
    data_mode="topdown",
    data_prefix=dict(img="images/"),
)
train_dataloader = dict(
    batch_size=16, dataset=dict(person_set, _delete_=True, pipeline=train_pipeline)
)
val_dataloader = dict(
    batch_size=50,
    dataset=dict(person_set, _delete_=True, test_mode=True, pipeline=_base_.val_pipeline),
)
test_dataloader = val_dataloader

val_evaluator = dict(type="TorsoPCKMetric")
test_evaluator = val_evaluator
