"""The paper's optimizer. It gives "3 days" and "after validation accuracy plateaus" for the length;
the epochs here are our choice: 590,000 iterations at batch 6 on MPII."""

optim_wrapper = dict(
    type="OptimWrapper", optimizer=dict(type="RMSprop", lr=2.5e-4, alpha=0.99, eps=1e-8)
)
train_cfg = dict(by_epoch=True, max_epochs=160, val_interval=5)
param_scheduler = [dict(type="MultiStepLR", milestones=[120], gamma=0.2, by_epoch=True)]
auto_scale_lr = dict(base_batch_size=6)
