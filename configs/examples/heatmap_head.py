"""Stock `HeatmapHead` on the last stack's features."""

_base_ = "../hg8_mpii_256.py"

model = dict(
    backbone=dict(num_stacks=2, num_keypoints=None, output="features"),
    head=dict(
        _delete_=True,
        type="HeatmapHead",
        in_channels=256,
        out_channels=16,
        deconv_out_channels=None,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=_base_.codec,
    ),
)
