"""mmhg: the Stacked Hourglass network, on torch alone (`mmhg.nn`) and for MMPose.

Where OpenMMLab is installed, importing the package registers its modules in `mmpose.registry`; in
a config that is `custom_imports = dict(imports=["mmhg"])`. Without OpenMMLab, `mmhg.nn` and
`mmhg.checkpoints` work, and anything else says what to install when it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mmhg.compat import apply
from mmhg.compat.openmmlab import check_installed, missing_packages
from mmhg.version import __version__

if TYPE_CHECKING:
    from mmhg.config.catalog import bases as bases
    from mmhg.config.catalog import get_config as get_config
    from mmhg.inference.predictor import Predictor as Predictor

__all__ = [
    "Predictor",
    "__version__",
    "bases",
    "codecs",
    "datasets",
    "engine",
    "evaluation",
    "get_config",
    "models",
    "nn",
]

_ON_TORCH = ("checkpoints", "nn")
_REGISTERING = ("codecs", "datasets", "engine", "evaluation", "models")
_HOMES = {
    "Predictor": "mmhg.inference",
    "bases": "mmhg.config.catalog",
    "get_config": "mmhg.config.catalog",
}
_OTHERS = ("config", "export", "inference", "refinement", "results", "visualization")

if not missing_packages():
    apply()
    for _package in _REGISTERING:
        import_module(f"mmhg.{_package}")


def __getattr__(name: str) -> Any:
    """Import a module or name of the package when it is first used.

    Raises:
        ImportError: It needs packages that are missing. The message says how to install them.
    """
    if name in _ON_TORCH:
        return import_module(f"mmhg.{name}")
    if name not in (*_HOMES, *_REGISTERING, *_OTHERS):
        raise AttributeError(f"module 'mmhg' has no attribute {name!r}")
    check_installed()
    return (
        getattr(import_module(_HOMES[name]), name)
        if name in _HOMES
        else import_module(f"mmhg.{name}")
    )
