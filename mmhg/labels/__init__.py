"""Read what labeling tools write: `read_labels` recognizes the format, and returns `Labels`."""

from mmhg.labels.labels import LabeledImage, LabeledObject, Labels
from mmhg.labels.recognize import FORMATS, read_labels

__all__ = ["FORMATS", "LabeledImage", "LabeledObject", "Labels", "read_labels"]
