"""Make a dataset and a config of labels: `mmhg import`."""

from mmhg.own_points.boxes import made_boxes
from mmhg.own_points.choices import Choices, choose
from mmhg.own_points.folder import Imported, import_labels
from mmhg.own_points.orientation import rotation_for
from mmhg.own_points.report import report
from mmhg.own_points.sides import Sides, find_sides
from mmhg.own_points.split import Split, split

__all__ = [
    "Choices",
    "Imported",
    "Sides",
    "Split",
    "choose",
    "find_sides",
    "import_labels",
    "made_boxes",
    "report",
    "rotation_for",
    "split",
]
