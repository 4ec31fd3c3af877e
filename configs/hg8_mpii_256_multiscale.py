"""The paper's network tested in crops of five sizes; train hg8_mpii_256."""

_base_ = "hg8_mpii_256.py"
from mmhg.config import with_test_scales

model, test_dataloader = with_test_scales(_base_, (0.8, 0.9, 1.0, 1.1, 1.2))
