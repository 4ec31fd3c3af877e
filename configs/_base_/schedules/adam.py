"""Adam as MMPose trains on COCO: warm-up, 210 epochs, the rate / 10 at 170 and 200."""

optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3, fused=True))
train_cfg = dict(by_epoch=True, max_epochs=210, val_interval=10)
param_scheduler = [
    dict(type="LinearLR", begin=0, end=500, start_factor=0.001, by_epoch=False),
    dict(type="MultiStepLR", milestones=[170, 200], gamma=0.1, by_epoch=True),
]
auto_scale_lr = dict(base_batch_size=16)
