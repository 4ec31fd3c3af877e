"""Say how large a person can become in the network's input."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.dataset import Compose
from mmpose.datasets.transforms import GetBBoxCenterScale, RandomBBoxTransform, RandomHalfBody

from mmhg.datasets.transforms.augmentation import RandomScaleRotation, ScaleBox
from mmhg.datasets.transforms.crop import crop_size
from mmhg.errors import InputError


class ClosestCrop:
    """Compute the resolution that a pipeline can show of a person.

    Args:
        pipeline: The pipeline of a split.
        input_size: Width and height in px; None takes the crop's.
    """

    def __init__(self, pipeline: Sequence[dict], input_size: tuple[int, int] | None) -> None:
        steps = Compose(pipeline).transforms
        sizes = [step.input_size for step in steps if hasattr(step, "input_size")]
        if input_size is None and not sizes:
            raise InputError("the config's pipeline has no step with an input_size. Give one")
        self.input_size = input_size or sizes[0]
        self.steps = [step for step in steps if isinstance(step, GetBBoxCenterScale)]
        self.halves: list[RandomHalfBody] = []
        self.closest = 1.0
        for step in steps:
            if isinstance(step, RandomScaleRotation):
                self.closest *= step.smallest_factor
            elif isinstance(step, RandomBBoxTransform):
                self.closest *= step.scale_factor[0]
            elif isinstance(step, ScaleBox):
                self.closest *= step.factor
            elif isinstance(step, RandomHalfBody):
                settings = {**vars(step), "prob": 1.0}
                self.halves = [
                    RandomHalfBody(**{**settings, "upper_prioritized_prob": upper})
                    for upper in (0.0, 1.0)
                ]

    def factor(self, person: dict) -> float:
        """Return the factor at which the closest crop has one image pixel per input pixel."""
        for step in self.steps:
            person = step(person)
        views = [person, *(half(dict(person)) for half in self.halves)]
        return max(
            self.input_size[0] / max(self.closest * crop_size(view, self.input_size)[0], 1e-6)
            for view in views
        )
