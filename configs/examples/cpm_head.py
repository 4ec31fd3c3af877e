"""Stock `CPMHead`, predicting from the features of both stacks."""

_base_ = "../hg8_mpii_256.py"

model = dict(
    backbone=dict(num_stacks=2, num_keypoints=None, output="features"),
    head=dict(
        _delete_=True,
        type="CPMHead",
        in_channels=256,
        out_channels=16,
        num_stages=2,
        loss=dict(type="KeypointMSELoss", use_target_weight=True),
        decoder=_base_.codec,
    ),
)
