"""Inference: keypoints of people in images, videos and a camera's frames."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.inference.boxes import person_boxes
from mmhg.inference.detectors import PersonDetector
from mmhg.inference.predictor import Prediction, Predictor

__all__ = ["PersonDetector", "Prediction", "Predictor", "person_boxes"]
