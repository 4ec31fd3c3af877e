"""Datasets of human bodies.

MMPose's inferencer takes its default person detector from this package's name.
"""

from mmhg.datasets.body.coco import CocoPersonDataset
from mmhg.datasets.body.flic import FLICDataset
from mmhg.datasets.body.lsp import LSPDataset
from mmhg.datasets.body.mpii import MPIIPersonDataset

__all__ = ["CocoPersonDataset", "FLICDataset", "LSPDataset", "MPIIPersonDataset"]
