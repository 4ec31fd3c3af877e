"""Show how the stacks refine a few people, in the log of a training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.errors import InputError
from mmhg.refinement.paths import Refinement, refinements
from mmhg.refinement.predict import check_stacks
from mmhg.refinement.sheet import MOST_PEOPLE, draw_stack_sheet
from mmhg.refinement.tiles import find_joints


@HOOKS.register_module()
class StackSheetHook(Hook):
    """Hand a sheet of the refinement to the visualizer at each validation and test.

    The first people of the validation set, the same each time: input, skeleton and heatmaps after
    each stack, how far joints are from their annotation and how far they move. The visualizer's
    backends keep it: `LocalVisBackend` as a file, `TensorboardVisBackend` and `WandbVisBackend`
    beside the curves, by iteration. For models as `mmhg.refinement.predict.check_stacks` wants
    them.

    Args:
        people: How many people, 1 to 3.
        joints: Names of the joints whose heatmaps are shown; None takes those that were missed
            after some stack or moved far.
        interval: Validations from one sheet to the next.
        name: What the backends call the picture.

    Raises:
        InputError: Too many people, no such joint, or a model without heatmaps after each stack.
    """

    priority = "LOW"

    def __init__(
        self,
        people: int = 2,
        joints: Sequence[str] | None = None,
        interval: int = 1,
        name: str = "refinement",
    ) -> None:
        if not 1 <= people <= MOST_PEOPLE:
            raise InputError(f"StackSheetHook's people must be 1 to {MOST_PEOPLE}, got {people}")
        if interval < 1:
            raise InputError(f"StackSheetHook's interval must be 1 or more, got {interval}")
        self.people = people
        self.joints = list(joints) if joints else None
        self.interval = interval
        self.name = name
        self._validations = 0
        self._wanted = 0
        self._found: list[Refinement] = []

    def before_run(self, runner: Runner) -> None:
        """Refuse a model that has no heatmaps after each stack before it is trained."""
        check_stacks(_plain(runner.model))

    def before_val_epoch(self, runner: Runner) -> None:
        """Look for people, if it is this validation's turn."""
        self._find_joints(runner)
        self._found = []
        self._wanted = 0 if self._validations % self.interval else self.people
        self._validations += 1

    def before_test_epoch(self, runner: Runner) -> None:
        """Look for people."""
        self._find_joints(runner)
        self._found, self._wanted = [], self.people

    @master_only
    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict[str, Any] | None = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Run the first people once more, stack by stack, with the weights of this evaluation."""
        missing = self._wanted - len(self._found)
        if data_batch and missing > 0:
            first = {name: values[:missing] for name, values in data_batch.items()}
            self._found += refinements(_plain(runner.model), first)

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Hand over a validation's sheet."""
        self._hand_over(runner, runner.iter)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Hand over a test's sheet."""
        # Not `runner.iter`: it would build the training loop, and read the training people for it.
        self._hand_over(runner, 0)

    @master_only
    def _hand_over(self, runner: Runner, step: int) -> None:
        if not self._found:
            return
        metainfo = runner.visualizer.dataset_meta
        picture = draw_stack_sheet(self._found, metainfo, self._find_joints(runner))
        runner.visualizer.add_image(self.name, picture, step)
        self._found = []

    def _find_joints(self, runner: Runner) -> list[int] | None:
        if self.joints is None:
            return None
        return find_joints(self.joints, runner.visualizer.dataset_meta)


def _plain(model: Any) -> Any:
    return model.module if is_model_wrapper(model) else model
