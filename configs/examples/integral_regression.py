"""Stock `IntegralRegressionHead` (integral pose regression) on the last stack's features."""

_base_ = "../hg8_mpii_256.py"
from mmhg.config import with_codec

codec = dict(
    type="IntegralRegressionLabel",
    input_size=(256, 256),
    heatmap_size=(64, 64),
    sigma=2.0,
    normalize=True,
)
model, train_dataloader, val_dataloader, test_dataloader = with_codec(_base_, codec)
model["backbone"].update(num_stacks=2, num_keypoints=None, output="features")
model["head"] = dict(
    _delete_=True,
    type="IntegralRegressionHead",
    in_channels=256,
    in_featuremap_size=(64, 64),
    num_joints=16,
    deconv_out_channels=None,
    loss=dict(type="SmoothL1Loss", use_target_weight=True),
    decoder=codec,
)
