"""Adam in bfloat16 with one cycle of the learning rate, for a training of hours on one CPU core."""

max_epochs = 55
learning_rate = 8e-3
optim_wrapper = dict(
    type="AmpOptimWrapper", optimizer=dict(type="Adam", lr=learning_rate, fused=True)
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
