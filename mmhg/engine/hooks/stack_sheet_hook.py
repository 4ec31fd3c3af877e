"""Show in the log of a training how the stacks refine a few people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.errors import InputError
from mmhg.models.unwrapping import unwrap
from mmhg.refinement.paths import Refinement, refinements
from mmhg.refinement.predict import check_stacks
from mmhg.refinement.sheet import MOST_PEOPLE, draw_stack_sheet
from mmhg.refinement.tiles import find_joints


@HOOKS.register_module()
class StackSheetHook(Hook):
    """Give a sheet of the refinement to the visualizer at each validation and test.

    It shows the first people of the validation set, the same each time: the input, skeleton and
    heatmaps after each stack, how far joints are from their annotation and how far they move. The
    visualizer's backends keep it by iteration: `LocalVisBackend` as a file, `TensorboardVisBackend`
    and `WandbVisBackend` beside the curves. It is for models that
    `mmhg.refinement.predict.check_stacks` accepts.

    Args:
        people: Number of people, 1 to 3.
        joints: Names of the joints whose heatmaps are shown; None takes those that were missed
            after some stack or moved far.
        interval: Number of validations from one sheet to the next.
        name: Name of the picture for the backends.

    Raises:
        InputError: There are too many people, there is no such joint, or the model has no heatmaps
            after each stack.
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
        """Refuse a model without heatmaps after each stack before it is trained."""
        check_stacks(unwrap(runner.model))

    def before_val_epoch(self, runner: Runner) -> None:
        """Begin to collect people, if this validation is one of the interval."""
        self._find_joints(runner)
        self._found = []
        self._wanted = 0 if self._validations % self.interval else self.people
        self._validations += 1

    def before_test_epoch(self, runner: Runner) -> None:
        """Begin to collect people."""
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
            self._found += refinements(unwrap(runner.model), first)

    after_test_iter = after_val_iter

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Give a validation's sheet to the visualizer."""
        self._show(runner, runner.iter)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Give a test's sheet to the visualizer."""
        # Not `runner.iter`: it would build the training loop, and read the training people for it.
        self._show(runner, 0)

    @master_only
    def _show(self, runner: Runner, step: int) -> None:
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
