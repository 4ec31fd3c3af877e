"""Four points of a leg in X-rays: one channel, 12 bits in files of 16, input of 320 x 224 px.

docs/pictures.md draws the images and explains the settings.
"""

_base_ = "../hg8_coco_256.py"
from mmhg.config import with_channels, with_codec

metainfo = dict(
    dataset_name="xray",
    keypoint_info={
        0: dict(name="hip", id=0, color=[51, 153, 255], type="", swap=""),
        1: dict(name="knee", id=1, color=[0, 255, 0], type="", swap=""),
        2: dict(name="ankle", id=2, color=[255, 128, 0], type="", swap=""),
        3: dict(name="toe", id=3, color=[255, 51, 255], type="", swap=""),
    },
    skeleton_info={
        0: dict(link=("hip", "knee"), id=0, color=[0, 255, 0]),
        1: dict(link=("knee", "ankle"), id=1, color=[255, 128, 0]),
        2: dict(link=("ankle", "toe"), id=2, color=[255, 51, 255]),
    },
    joint_weights=[1.0] * 4,
    sigmas=[0.05] * 4,
)

codec = dict(type="UDPHeatmap", input_size=(320, 224), heatmap_size=(80, 56), sigma=2)
_settings = with_channels(with_codec(_base_, codec), 1, value_range=(0, 4095))
model, train_dataloader, val_dataloader, test_dataloader = _settings
model["backbone"].update(num_keypoints=4, num_stacks=2, channels=64, stem_channels=(16, 32, 64))

for _loader, _file in (
    (train_dataloader, "train.json"),
    (val_dataloader, "val.json"),
    (test_dataloader, "val.json"),
):
    _loader.update(batch_size=8, num_workers=1)
    _loader["dataset"].update(
        data_root="data/xray/",
        ann_file=_file,
        data_prefix=dict(img="images/"),
        metainfo=metainfo,
    )
for _loader in (val_dataloader, test_dataloader):
    _loader["dataset"]["bbox_file"] = None

train_cfg = dict(max_epochs=20, val_interval=5)
param_scheduler = [
    dict(type="OneCycleLR", eta_max=5e-3, total_steps=20, convert_to_iter_based=True)
]
