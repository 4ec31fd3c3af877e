"""MMPose imports xtcocotools for COCO files, whose wheels end at Python 3.11 and numpy 1."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from typing import Any


def xtcocotools_works() -> bool:
    """Tell whether xtcocotools can be imported."""
    try:
        import_module("xtcocotools.cocoeval")
    # A wheel built for numpy 1 raises ValueError beside numpy 2.
    except (ImportError, ValueError):
        return False
    return True


def new_dataset(kind: type) -> Any:
    """Make an empty dataset for a pickle: this function's import comes before MMPose's."""
    return object.__new__(kind)


def reduce_with_mmhg(self: Any, protocol: Any) -> tuple[Any, ...]:
    """Pickle a dataset so that a spawned worker process imports mmhg first."""
    return (new_dataset, *object.__reduce_ex__(self, 2)[1:])


def apply() -> None:
    """Let `xtcocotools` mean `mmhg.compat.coco_evaluation`, unless it is installed and works."""
    if xtcocotools_works():
        return
    from mmengine.dataset import BaseDataset
    from pycocotools import mask

    from mmhg.compat import coco_evaluation

    package = module_from_spec(ModuleSpec("xtcocotools", None, is_package=True))
    parts = {"coco": coco_evaluation, "cocoeval": coco_evaluation, "mask": mask}
    for name, module in parts.items():
        setattr(package, name, module)
        sys.modules[f"xtcocotools.{name}"] = module
    sys.modules["xtcocotools"] = package
    BaseDataset.__reduce_ex__ = reduce_with_mmhg
