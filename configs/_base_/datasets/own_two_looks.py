"""One object an image, without boxes: looked at in the whole image, then in a crop about it.

Of five training images two are seen whole, and three in a crop, so that `mmhg infer --two-pass`
finds the object in the first look and its keypoints in the second. Tests look at whole images.
"""

_base_ = "own_boxes.py"

whole = dict(type="WholeImageBox")
train_pipeline = [
    _base_.load,
    dict(
        type="RandomChoice",
        transforms=[
            [whole, _base_.box, dict(_base_.move, scale_factor=(0.6, 1.1))],
            [_base_.box, dict(_base_.move, scale_factor=(0.8, 1.6))],
        ],
        prob=[0.4, 0.6],
    ),
    _base_.flip,
    _base_.crop,
    _base_.target,
    _base_.pack,
]
test_pipeline = [_base_.load, whole, _base_.box, _base_.crop, _base_.pack]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
