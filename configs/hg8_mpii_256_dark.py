"""Distribution-aware decoding (DARK; Zhang et al., CVPR 2020) and unrounded targets."""

_base_ = "hg8_mpii_256.py"
from mmhg.config import with_codec

codec = dict(_base_.codec, type="MSRAHeatmap", sigma=2, unbiased=True)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
