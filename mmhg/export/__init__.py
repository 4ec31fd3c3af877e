"""Write a trained network to a folder that runs without MMPose."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.export.check import Agreement
from mmhg.export.folder import DisagreementError, export, load
from mmhg.export.formats import FORMATS
from mmhg.export.predict import Predictor

__all__ = ["FORMATS", "Agreement", "DisagreementError", "Predictor", "export", "load"]
