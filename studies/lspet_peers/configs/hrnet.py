"""HRNet (Sun, Xiao, Liu, Wang, CVPR 2019): HRNet-W32 with a width of 14."""

_base_ = "_base_/peer.py"

width = 14
model = dict(
    backbone=dict(
        _delete_=True,
        type="HRNet",
        extra=dict(
            stage1=dict(
                num_modules=1,
                num_branches=1,
                block="BOTTLENECK",
                num_blocks=(4,),
                num_channels=(2 * width,),
            ),
            stage2=dict(
                num_modules=1,
                num_branches=2,
                block="BASIC",
                num_blocks=(4, 4),
                num_channels=(width, 2 * width),
            ),
            stage3=dict(
                num_modules=4,
                num_branches=3,
                block="BASIC",
                num_blocks=(4, 4, 4),
                num_channels=(width, 2 * width, 4 * width),
            ),
            stage4=dict(
                num_modules=3,
                num_branches=4,
                block="BASIC",
                num_blocks=(4, 4, 4, 4),
                num_channels=(width, 2 * width, 4 * width, 8 * width),
            ),
        ),
    ),
    head=dict(in_channels=width),
)
