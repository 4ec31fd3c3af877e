"""Bounds that coordinates of people in photographs keep, so that a slip in a file is noticed."""

from __future__ import annotations

LARGEST_COORDINATE = 1e5
"""px from the origin, where an image's size is not known. OpenCV decodes 2^30 px, which is an image
of 100,000 x 10,000 px. Largest in the people at hand: 1,922 px (MPII's validation people)."""

IMAGE_SIDES = 10.0
"""How many times the longer side of its image a coordinate may lie outside of it: where a face
fills the image, the feet lie seven sides below. None of COCO's labeled keypoints lies outside; the
farthest of MPII's validation people does by 30 px."""
