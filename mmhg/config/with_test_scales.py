"""Multi-scale testing: set it in a config, and name it in reports."""

from collections.abc import Sequence
from typing import Any

from mmhg.config.with_codec import CROPS, ConfigTree
from mmhg.errors import InputError


def with_test_scales(
    base: ConfigTree, scales: Sequence[float]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the model and test dataloader of `base`, testing people in crops of several sizes.

    In a leaf:

        model, test_dataloader = with_test_scales(_base_, (0.8, 1.0, 1.2))

    Training and validation stay as they are. Reports name the scales beside the protocol, since
    numbers of multi-scale testing are not comparable with others.

    Args:
        base: The config's `_base_`, which has the two settings.
        scales: Factors of the crop's side.

    Raises:
        InputError: There are no scales or one is not positive, the model is not a
            `TopdownPoseEstimator`, or the pipeline has no crop.
    """
    if not scales or not all(scale > 0 for scale in scales):
        raise InputError(f"test scales must be positive factors of the crop's side, got {scales}")
    model, loader = dict(base["model"]), dict(base["test_dataloader"])
    if model["type"] not in ("TopdownPoseEstimator", "MultiScaleTopdownPoseEstimator"):
        raise InputError(
            f"multi-scale testing is for a TopdownPoseEstimator, the model is {model['type']}"
        )
    steps = [dict(step) for step in loader["dataset"]["pipeline"]]
    crops = [number for number, step in enumerate(steps) if step["type"] in CROPS]
    if len(crops) != 1:
        raise InputError(
            f"the test pipeline must have one of {', '.join(CROPS)}, got "
            f"{', '.join(step['type'] for step in steps)}"
        )
    boxes = [dict(type="ScaleBox", factor=scale) for scale in scales]
    rest = [[step] for step in steps[crops[0] :]]
    pipeline = [*steps[: crops[0]], dict(type="TestTimeAug", transforms=[boxes, *rest])]
    loader["dataset"] = dict(loader["dataset"], pipeline=pipeline)
    model["type"] = "MultiScaleTopdownPoseEstimator"
    model["test_cfg"] = dict(model.get("test_cfg") or {}, scales=tuple(scales))
    return model, loader


def describe_scales(scales: Sequence[float]) -> str:
    """Name the scales of multi-scale predictions in reports; no scales give an empty text."""
    return f"multi-scale {' '.join(f'{scale:g}' for scale in scales)}" if scales else ""
