"""Inference: keypoints of people in images, videos and a camera's frames."""

from mmhg.inference.boxes import person_boxes
from mmhg.inference.predictor import Prediction, Predictor

__all__ = ["Prediction", "Predictor", "person_boxes"]
