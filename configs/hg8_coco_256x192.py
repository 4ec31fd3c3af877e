_base_ = "hg8_coco_256.py"
from mmhg.config import with_codec

codec = dict(_base_.codec, input_size=(192, 256), heatmap_size=(48, 64))
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
