"""Detectors: an image in, the boxes of its people out."""

from mmhg.inference.detectors.person_detector import PersonDetector

__all__ = ["PersonDetector"]
