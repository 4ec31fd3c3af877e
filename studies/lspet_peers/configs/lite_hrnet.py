"""Lite-HRNet-18 (Yu and others, CVPR 2021): its widths times 2.6."""

_base_ = "_base_/peer.py"

# bfloat16 would make its depthwise convolutions of stride 2 five times slower on a CPU.
optim_wrapper = dict(type="OptimWrapper")
width = 104
model = dict(
    backbone=dict(
        _delete_=True,
        type="LiteHRNet",
        extra=dict(
            stem=dict(stem_channels=84, out_channels=84, expand_ratio=1),
            num_stages=3,
            stages_spec=dict(
                num_modules=(2, 4, 2),
                num_branches=(2, 3, 4),
                num_blocks=(2, 2, 2),
                module_type=("LITE", "LITE", "LITE"),
                with_fuse=(True, True, True),
                reduce_ratios=(8, 8, 8),
                num_channels=(
                    (width, 2 * width),
                    (width, 2 * width, 4 * width),
                    (width, 2 * width, 4 * width, 8 * width),
                ),
            ),
            with_head=True,
        ),
    ),
    head=dict(in_channels=width),
)
