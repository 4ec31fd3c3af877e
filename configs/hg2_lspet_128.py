"""Two slim stacks on LSPET's photographs at 128 px; the weights that come with the package."""

_base_ = [
    "_base_/default_runtime.py",
    "_base_/schedules/one_cycle.py",
    "_base_/models/hourglass.py",
    "_base_/datasets/lspet_256.py",
]
from mmhg.config import with_codec

codec = dict(type="UDPHeatmap", input_size=(128, 128), heatmap_size=(32, 32), sigma=2)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
model["backbone"].update(num_stacks=2, channels=128, stem_channels=(16, 32, 64), num_keypoints=14)
model["head"]["loss"].update(use_target_weight=True)
default_hooks = dict(checkpoint=dict(save_best="PCK@0.2"), bn=dict(type="PreciseBNHook"))
