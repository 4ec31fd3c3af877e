"""`mmpose.visualization` imports torchvision, for the SimCC visualizer's `ToPILImage` only."""

import sys
from types import ModuleType
from typing import Any


class ToPILImage:
    """A stand-in for torchvision's class, whose constructor raises ImportError."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ImportError(
            "drawing SimCC representations needs torchvision. Install the build of torchvision "
            "that belongs to this PyTorch. Heatmaps and skeletons are drawn without it."
        )


def torchvision_works() -> bool:
    """Tell whether the one name that MMPose needs can be imported."""
    try:
        from torchvision.transforms import ToPILImage  # noqa: F401
    # Beside a PyTorch of another build the import fails with "operator torchvision::nms does
    # not exist", a RuntimeError.
    except (ImportError, RuntimeError, OSError):
        return False
    return True


def apply() -> None:
    """Import `mmpose.visualization` while placeholders stand for torchvision.

    They are removed again, so that nothing else takes them for torchvision.
    """
    if "mmpose.visualization" in sys.modules or torchvision_works():
        return
    torchvision = ModuleType("torchvision")
    transforms = ModuleType("torchvision.transforms")
    vars(transforms)["ToPILImage"] = ToPILImage
    vars(torchvision)["transforms"] = transforms
    placeholders = {"torchvision": torchvision, "torchvision.transforms": transforms}
    hidden = {name: sys.modules.pop(name) for name in placeholders if name in sys.modules}
    sys.modules.update(placeholders)
    try:
        import mmpose.visualization  # noqa: F401
    finally:
        for name in placeholders:
            sys.modules.pop(name, None)
        sys.modules.update(hidden)
