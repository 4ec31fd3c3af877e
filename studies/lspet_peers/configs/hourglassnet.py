"""MMPose's `HourglassNet` (CornerNet's: Law, Deng, ECCV 2018): its widths divided by 5 1/3."""

_base_ = "_base_/peer.py"
custom_imports = dict(imports=["mmhg", "studies.lspet_peers.narrow_hourglass_net"])

model = dict(
    backbone=dict(
        _delete_=True,
        type="NarrowHourglassNet",
        num_stacks=2,
        stage_channels=(48, 48, 72, 72, 72, 96),
        feat_channel=48,
    ),
    head=dict(in_channels=48, num_stages=2),
)
