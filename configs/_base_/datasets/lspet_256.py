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

# For the model card.
data_notes = {
    "data set": "Leeds Sports Pose Extended Training Dataset (LSPET): 10,000 images, found on "
    "Flickr by the tags parkour, gymnastics and athletics, and scaled so that the person is "
    "roughly 150 px long",
    "to cite": "Sam Johnson and Mark Everingham, Learning Effective Human Pose Estimation from "
    "Inaccurate Annotation, CVPR 2011",
    "license": "The data set states none. The images are photographs of their owners on Flickr; "
    "none is in this package",
    "annotations": "14 joints of one person an image, by workers of Amazon Mechanical Turk: noisy, "
    "with left and right exchanged in some",
    "protocol": "PCK@0.2: a joint is right within 0.2 of the distance from left shoulder to right "
    "hip. Pooled over the annotated joints of the people who have both",
    "boxes": "the extent of the annotated joints, in training and evaluation alike",
}
