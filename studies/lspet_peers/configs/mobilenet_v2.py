"""MobileNetV2 (Sandler and others, CVPR 2018) with SimpleBaseline's head, both at full width."""

_base_ = "_base_/peer.py"

model = dict(
    backbone=dict(_delete_=True, type="MobileNetV2", widen_factor=1.0, out_indices=(7,)),
    head=dict(in_channels=1280, deconv_out_channels=(256, 256, 256), deconv_kernel_sizes=(4, 4, 4)),
)
