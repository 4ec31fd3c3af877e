"""mmhg: the Stacked Hourglass network for MMPose.

Importing the package registers its modules in ``mmpose.registry``; in a config that is
``custom_imports = dict(imports=["mmhg"])``.
"""

from mmhg import compat

compat.apply()

from mmhg import models  # noqa: E402

__all__ = ["models"]
