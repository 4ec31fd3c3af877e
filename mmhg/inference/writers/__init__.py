"""Files of keypoints, one module per kind. People are written as they come: memory is flat."""

from __future__ import annotations

from collections.abc import Mapping

from mmhg.inference.writers.coco_annotations import CocoAnnotations
from mmhg.inference.writers.coco_results import CocoResults
from mmhg.inference.writers.csv_tables import LongCsv, WideCsv
from mmhg.inference.writers.keypoint_json import KeypointJson
from mmhg.inference.writers.label_studio import LabelStudioTasks
from mmhg.inference.writers.people import KeypointFile, Run

WRITERS: Mapping[str, tuple[str, type[KeypointFile]]] = {
    "json": ("keypoints.json", KeypointJson),
    "csv": ("keypoints.csv", WideCsv),
    "csv-long": ("keypoints_long.csv", LongCsv),
    "coco": ("coco_annotations.json", CocoAnnotations),
    "coco-results": ("coco_results.json", CocoResults),
    "label-studio": ("label_studio.json", LabelStudioTasks),
}
"""Name and class of each kind of file."""

__all__ = ["WRITERS", "KeypointFile", "Run"]
