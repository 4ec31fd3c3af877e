"""Two slim stacks on a few dozen photographs in COCO's layout, scored on annotated boxes.

No config to use: it shows that COCO's way works, from its files to its AP.
"""

_base_ = [
    "../../configs/_base_/default_runtime.py",
    "../../configs/_base_/schedules/one_cycle.py",
    "../../configs/_base_/models/hourglass.py",
    "../../configs/_base_/datasets/coco_256.py",
]
from mmhg.config import with_codec

codec = dict(type="UDPHeatmap", input_size=(128, 128), heatmap_size=(32, 32), sigma=2)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
model["backbone"].update(num_stacks=2, channels=128, stem_channels=(16, 32, 64), num_keypoints=17)
train_dataloader.update(batch_size=8, num_workers=1)
for _loader in (val_dataloader, test_dataloader):
    _loader["dataset"].update(data_root="data/coco_mini/", bbox_file=None)
    _loader.update(batch_size=20, num_workers=1)
train_dataloader["dataset"].update(data_root="data/coco_mini/")
default_hooks = dict(checkpoint=dict(save_best="coco/AP"))
