"""The paper's network with princeton-vl's recipe, which trains better than the paper's."""

_base_ = "hg8_mpii_256.py"

optim_wrapper = dict(optimizer=dict(_delete_=True, type="Adam", lr=1e-3, fused=True))
# 144 epochs of MPII's 22,246 training people at batch 16 are 200,000 iterations.
train_dataloader = dict(batch_size=16)
train_cfg = dict(max_epochs=144)
param_scheduler = [dict(type="MultiStepLR", milestones=[100_000], gamma=0.2, by_epoch=False)]
auto_scale_lr = dict(base_batch_size=16)
