"""mmhg: the Stacked Hourglass network for MMPose.

Importing the package registers its modules in ``mmpose.registry``; in a config that is
``custom_imports = dict(imports=["mmhg"])``.
"""

from mmhg import compat
from mmhg.version import __version__

compat.apply()

from mmhg import codecs, datasets, engine, evaluation, models  # noqa: E402
from mmhg.config.library import get_config  # noqa: E402
from mmhg.inference import Predictor  # noqa: E402

__all__ = [
    "Predictor",
    "__version__",
    "codecs",
    "datasets",
    "engine",
    "evaluation",
    "get_config",
    "models",
]
