"""Networks of others: their own features and initialization, the loss and targets of ours."""

_base_ = "lspet.py"

model = dict(
    head=dict(
        out_channels=14,
        num_stages=1,
        final_layer=dict(kernel_size=1),
        # Of MMPose's `HeatmapHead`; ours would keep PyTorch's.
        init_cfg=[
            dict(type="Normal", layer=["Conv2d", "ConvTranspose2d"], std=0.001),
            dict(type="Constant", layer="BatchNorm2d", val=1),
        ],
    )
)
