"""Draw training curves as a picture."""

from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.visualization import plot_curves


@HOOKS.register_module()
class TrainingCurvesHook(Hook):
    """Draw the losses, the accuracy and a validation score to `curves.png` in the work directory.

    The picture is drawn again after each validation and at the end, over all runs of a resumed
    training.

    Args:
        score: Name of the validation score; None takes the one that saves the best checkpoint.
        filename: Name of the picture.
    """

    priority = "LOWEST"

    def __init__(self, score: str | None = None, filename: str = "curves.png") -> None:
        self.score = score
        self.filename = filename

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Draw the curves so far."""
        if runner.iter > 0:
            self._draw(runner)

    def after_train(self, runner: Runner) -> None:
        """Draw the whole training."""
        self._draw(runner)

    @master_only
    def _draw(self, runner: Runner) -> None:
        checkpoint = runner.cfg.default_hooks.get("checkpoint") or {}  # None where it is left out
        score = self.score or checkpoint.get("save_best")
        work_dir = Path(runner.work_dir)
        plot_curves(work_dir, work_dir / self.filename, score)
