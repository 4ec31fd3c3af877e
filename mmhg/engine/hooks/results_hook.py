"""The last evaluation as a file."""

import json
import math
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.checkpoints.fingerprint import fingerprint


@HOOKS.register_module()
class ResultsHook(Hook):
    """Write the metrics of each validation and test to ``results.json`` in the work directory.

    Each evaluation that has a metric replaces the file; undefined numbers are null. The name of the
    ``config`` and the fingerprint of the ``weights`` say what was evaluated. A validation adds its
    ``iteration``, a test its ``checkpoint``, a metric with ``scores`` (as ``PCKhMetric``) its
    protocol and its score for each joint.

    Args:
        filename: Name of the file.
    """

    priority = "LOWEST"

    def __init__(self, filename: str = "results.json") -> None:
        self.filename = filename

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write a validation's metrics."""
        self._write(runner, {"iteration": runner.iter}, metrics, runner.val_evaluator.metrics)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write a test's metrics."""
        # Not `runner.iter`: it would build the training loop, and read the training people for it.
        checkpoint = {"checkpoint": runner._load_from}
        self._write(runner, checkpoint, metrics, runner.test_evaluator.metrics)

    @master_only
    def _write(
        self,
        runner: Runner,
        results: dict,
        metrics: dict[str, float] | None,
        evaluators: list,
    ) -> None:
        if not metrics:
            return
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        results.update(
            config=Path(runner.cfg.filename or "").stem, weights=fingerprint(model.state_dict())
        )
        for evaluator in evaluators:
            if getattr(evaluator, "scores", None) is not None:
                results.update(evaluator.scores.report())
        results.update(metrics)
        path = Path(runner.work_dir) / self.filename
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text(json.dumps(without_nan(results), indent=2) + "\n")
        partial.replace(path)


def without_nan(value: object) -> object:
    """The value with None, JSON's null, in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
