"""Four keypoints of a mouse, found in whole frames and, more exactly, in crops about it."""

_base_ = [
    "../../configs/_base_/default_runtime.py",
    "../../configs/_base_/schedules/one_cycle.py",
    "../../configs/_base_/models/hourglass.py",
    "../../configs/_base_/datasets/coco_256.py",
]
from mmhg.config import with_codec

# 1. The keypoints, in the annotations' order.
metainfo = dict(
    dataset_name="openfield",
    keypoint_info={
        0: dict(name="snout", id=0, color=[51, 153, 255], type="", swap=""),
        1: dict(name="leftear", id=1, color=[0, 255, 0], type="", swap="rightear"),
        2: dict(name="rightear", id=2, color=[255, 128, 0], type="", swap="leftear"),
        3: dict(name="tailbase", id=3, color=[51, 153, 255], type="", swap=""),
    },
    skeleton_info={
        0: dict(link=("snout", "leftear"), id=0, color=[0, 255, 0]),
        1: dict(link=("snout", "rightear"), id=1, color=[255, 128, 0]),
        2: dict(link=("snout", "tailbase"), id=2, color=[51, 153, 255]),
    },
    joint_weights=[1.0] * 4,
    sigmas=[0.05] * 4,
)

# 2. The network of hg2_lspet_128, on 192 px. Keypoints outside of a crop are not learned.
codec = dict(type="UDPHeatmap", input_size=(192, 192), heatmap_size=(48, 48), sigma=2)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
model["backbone"].update(num_keypoints=4, num_stacks=2, channels=128, stem_channels=(16, 32, 64))
model["head"]["loss"].update(use_target_weight=True)

# 3. The pipelines. Of five training frames, two are seen whole and three in a crop about the mouse.
_load, _box, _pack = _base_.load, _base_.box, _base_.pack
_whole = dict(type="WholeImageBox")
_crop = dict(type="PersonCrop", use_udp=True, input_size=codec["input_size"])
_move = dict(type="RandomBBoxTransform", shift_prob=1.0, rotate_factor=180, rotate_prob=1.0)
train_pipeline = [
    _load,
    dict(
        type="RandomChoice",
        transforms=[
            [_whole, _box, dict(_move, scale_factor=(0.6, 1.1))],
            [_box, dict(_move, scale_factor=(0.8, 1.6))],
        ],
        prob=[0.4, 0.6],
    ),
    _base_.flip,
    _crop,
    dict(type="GenerateTarget", encoder=codec),
    _pack,
]
val_pipeline = [_load, _box, _crop, _pack]
test_pipeline = [_load, _whole, _box, _crop, _pack]

# 4. The data: images 0, 5, 10, ... of the file validate.
_data = dict(
    data_root="data/openfield/",
    ann_file="annotations.json",
    data_prefix=dict(img=""),
    metainfo=metainfo,
    hold_out=5,
)
train_dataloader["dataset"].update(_data, pipeline=train_pipeline)
train_dataloader.update(batch_size=8, num_workers=1)
val_dataloader["dataset"].update(_data, pipeline=val_pipeline, bbox_file=None)
test_dataloader["dataset"].update(_data, pipeline=test_pipeline, bbox_file=None)
for _loader in (val_dataloader, test_dataloader):
    _loader.update(batch_size=24, num_workers=1)
val_evaluator = dict(type="EPE")  # the mean error in px
test_evaluator = val_evaluator

# 5. The length.
max_epochs, learning_rate = 100, 5e-3
optim_wrapper = dict(optimizer=dict(lr=learning_rate))
train_cfg = dict(max_epochs=max_epochs, val_interval=50)
param_scheduler = [
    dict(
        type="OneCycleLR",
        eta_max=learning_rate,
        total_steps=max_epochs,
        pct_start=0.15,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
randomness = dict(seed=0)
default_hooks = dict(
    checkpoint=dict(interval=50, save_best="EPE", rule="less"), logger=dict(interval=10)
)
