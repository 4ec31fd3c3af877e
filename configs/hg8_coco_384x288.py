_base_ = "hg8_coco_256.py"
from mmhg.config import with_codec

codec = dict(_base_.codec, input_size=(288, 384), heatmap_size=(72, 96))
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
