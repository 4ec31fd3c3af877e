"""Local supervision: each stack learns from its own loss, one stack's activations at a time."""

_base_ = "hg8_mpii_256.py"

model = dict(type="LocalTopdownPoseEstimator")
