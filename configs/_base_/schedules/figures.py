"""A few minutes on two CPU cores: bfloat16, Adam, one cycle of the learning rate."""

max_epochs = 6
optim_wrapper = dict(type="AmpOptimWrapper", optimizer=dict(type="Adam", lr=1.5e-3, fused=True))
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs // 2)
param_scheduler = [
    dict(
        type="OneCycleLR",
        eta_max=1.5e-3,
        total_steps=max_epochs,
        pct_start=0.15,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
auto_scale_lr = dict(base_batch_size=8)
randomness = dict(seed=0)
