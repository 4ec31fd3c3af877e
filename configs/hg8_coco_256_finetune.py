"""From a network for MPII to COCO's keypoints: all layers except the heatmaps' own are kept."""

_base_ = "hg8_coco_256.py"

load_from = "checkpoints/hg8_mpii.pth"  # for example from `mmhg convert`
default_hooks = dict(checkpoint_match=dict(begin_anew=["prediction", "reinject_heatmaps"]))
optim_wrapper = dict(optimizer=dict(lr=2e-4))
