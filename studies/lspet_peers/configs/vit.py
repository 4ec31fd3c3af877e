"""A ViT of DeiT-Ti's 12 layers of 192 with a head as ViTPose's (Xu and others, NeurIPS 2022)."""

_base_ = "_base_/peer.py"
custom_imports = dict(imports=["mmhg", "studies.lspet_peers.vit"])

model = dict(
    backbone=dict(
        _delete_=True,
        type="PlainViT",
        input_size=_base_.codec["input_size"],
        patch_size=16,
        channels=192,
        depth=12,
        num_heads=3,
    ),
    head=dict(in_channels=192, deconv_out_channels=(144, 144), deconv_kernel_sizes=(4, 4)),
)
