"""MMPose imports xtcocotools for COCO files, whose wheels end at Python 3.11 and numpy 1."""

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from typing import Any

from mmhg.utils.coco_file import read_coco


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


def check_files(reading: Any) -> None:
    """Let xtcocotools' module `coco` read files with `read_coco`'s checks."""

    class CheckedCOCO(reading.COCO):
        """xtcocotools' reader with checks."""

        def __init__(self, annotation_file: str | None = None, **settings: Any) -> None:
            super().__init__(None, **settings)
            self.source = annotation_file
            if annotation_file is not None:
                self.anno_file = [annotation_file]
                self.dataset = read_coco(annotation_file)
                self.createIndex()

    reading.COCO = CheckedCOCO


def apply() -> None:
    """Let MMPose read COCO's files with checks.

    `xtcocotools` means `mmhg.compat.coco_evaluation`, unless it is installed and works.
    """
    if xtcocotools_works():
        reading = import_module("xtcocotools.coco")
        # Both the module of mmhg and a second call have it already.
        if reading.COCO.__module__ == "xtcocotools.coco":
            check_files(reading)
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
