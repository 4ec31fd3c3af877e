"""From a network for MPII to COCO's keypoints: all but the heatmaps' own layers is kept."""

_base_ = "hg8_coco_256.py"

load_from = "checkpoints/hg8_mpii.pth"  # what tools/convert_checkpoint.py writes, for example
custom_hooks = [
    dict(hook, begin_anew=["prediction", "reinject_heatmaps"])
    if hook["type"] == "CheckpointMatchHook"
    else hook
    for hook in _base_.custom_hooks
]
optim_wrapper = dict(optimizer=dict(lr=2e-4))
