"""SimpleBaseline (Xiao, Wu, Wei, ECCV 2018) with ResNet-18: its widths divided by 1.4."""

_base_ = "_base_/peer.py"

model = dict(
    backbone=dict(_delete_=True, type="ResNet", depth=18, stem_channels=46, base_channels=46),
    head=dict(in_channels=368, deconv_out_channels=(184, 184, 184), deconv_kernel_sizes=(4, 4, 4)),
)
