"""Four keypoints of a mouse, found in whole frames and, more exactly, in crops about it."""

_base_ = [
    "../../configs/_base_/default_runtime.py",
    "../../configs/_base_/schedules/one_cycle.py",
    "../../configs/_base_/models/hourglass.py",
    "../../configs/_base_/datasets/own_two_looks.py",
]
from mmhg.config import change_steps, keypoint_metainfo, with_codec

# The keypoints, in the annotations' order.
metainfo = keypoint_metainfo(
    "openfield",
    ["snout", "leftear", "rightear", "tailbase"],
    pairs=[("leftear", "rightear")],
    links=[("snout", "leftear"), ("snout", "rightear"), ("snout", "tailbase")],
)

# The network of hg2_lspet_128, on 192 px. Keypoints outside of a crop are not learned. Seen from
# above, a mouse is turned in any direction.
codec = dict(type="UDPHeatmap", input_size=(192, 192), heatmap_size=(48, 48), sigma=2)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
model["backbone"].update(num_keypoints=4, num_stacks=2, channels=128, stem_channels=(16, 32, 64))
model["head"]["loss"].update(use_target_weight=True)
change_steps(train_dataloader, RandomBBoxTransform=dict(rotate_factor=180))

# The data, from run.py: images 0, 5, 10, ... of the file validate.
for _loader in (train_dataloader, val_dataloader, test_dataloader):
    _loader["dataset"].update(
        data_root="data/openfield/",
        ann_file="annotations.json",
        data_prefix=dict(img=""),
        metainfo=metainfo,
        hold_out=5,
    )

# The length.
max_epochs, learning_rate = 100, 5e-3
optim_wrapper = dict(optimizer=dict(lr=learning_rate))
train_cfg = dict(max_epochs=max_epochs, val_interval=50)
param_scheduler = [dict(_base_.param_scheduler[0], total_steps=max_epochs)]
randomness = dict(seed=0)
default_hooks = dict(
    checkpoint=dict(interval=50, save_best="mean_px", rule="less"), logger=dict(interval=10)
)
