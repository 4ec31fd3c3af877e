"""From a network for MPII to COCO's keypoints: all but the heatmaps' own layers is kept."""

_base_ = "hg8_coco_256.py"

load_from = "checkpoints/hg8_mpii.pth"  # what tools/convert_checkpoint.py writes, for example
default_hooks = dict(checkpoint_match=dict(begin_anew=["prediction", "reinject_heatmaps"]))
optim_wrapper = dict(optimizer=dict(lr=2e-4))
