"""AdamW in bfloat16 with one cycle of the learning rate, for a training of hours on one CPU core.

The weight decay is there for the biases that precede a batch norm: their gradient is rounding, and
Adam without decay made steps of full size of it until constant offsets took the precision that
bfloat16 has. With PyTorch's betas (0.9, 0.999), without clipping and at a rate of 8e-3,
`hg2_lspet_128` lost in one step near the peak what it had learned in three epochs. Gradients have
a norm of 0.005 to 0.01.
"""

max_epochs = 55
learning_rate = 5e-3
optim_wrapper = dict(
    type="AmpOptimWrapper",
    optimizer=dict(
        type="AdamW", lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.05, fused=True
    ),
    clip_grad=dict(max_norm=0.02),
)
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=5)
param_scheduler = [
    dict(
        type="OneCycleLR",
        eta_max=learning_rate,
        total_steps=max_epochs,
        pct_start=0.15,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
auto_scale_lr = dict(base_batch_size=16)
randomness = dict(seed=0)
