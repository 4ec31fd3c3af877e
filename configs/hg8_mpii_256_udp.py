"""Unbiased data processing (Huang et al., CVPR 2020): crops and heatmaps without rounding."""

_base_ = "hg8_mpii_256.py"
from mmhg.config import with_codec

codec = dict(type="UDPHeatmap", input_size=(256, 256), heatmap_size=(64, 64), sigma=2)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
