"""Write the last evaluation to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmengine.dist import master_only
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from mmhg.checkpoints.fingerprint import fingerprint
from mmhg.models.unwrapping import is_sharded, unwrap
from mmhg.utils.files import write_json


@HOOKS.register_module()
class ResultsHook(Hook):
    """Write the metrics of each validation and test to `results.json` in the work directory.

    Each evaluation that has a metric replaces the file; undefined numbers are null. A validation
    adds its `iteration`, a test its `checkpoint`'s name, a model with a flip test whether it was
    on, and a metric with `scores` (such as `PCKhMetric`) its protocol, its score for each joint
    and, by the measure's name, the number of `people`. The name of the `config` and, for a test
    and for the last validation of a training, the fingerprint of the `weights` say what was
    evaluated. The fingerprint reads all weights, which would be too slow for each validation, and
    is left out under FSDP.

    Args:
        filename: Name of the file.
    """

    # After EMAHook has put its weights into the model.
    priority = "BELOW_NORMAL"

    def __init__(self, filename: str = "results.json") -> None:
        self.filename = filename
        self._evaluated: dict[str, Any] = {}

    def before_val_epoch(self, runner: Runner) -> None:
        """Identify the weights that the last validation evaluates."""
        self._note_weights(runner, runner.iter >= runner.max_iters)

    def before_test_epoch(self, runner: Runner) -> None:
        """Identify the weights that the test evaluates."""
        # Not `runner.iter`: it would build the training loop, and read the training people for it.
        self._note_weights(runner, True)

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write a validation's metrics."""
        self._write(runner, {"iteration": runner.iter}, metrics, runner.val_evaluator)

    def after_test_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Write a test's metrics."""
        # The name alone: the file may be published, and folders are nobody else's business.
        checkpoint = runner._load_from and Path(runner._load_from).name
        self._write(runner, {"checkpoint": checkpoint}, metrics, runner.test_evaluator)

    @master_only
    def _note_weights(self, runner: Runner, needed: bool) -> None:
        self._evaluated = {}
        if needed and not is_sharded(runner.model):  # no process has all of it
            self._evaluated["weights"] = fingerprint(unwrap(runner.model).state_dict())

    @master_only
    def _write(
        self,
        runner: Runner,
        results: dict[str, Any],
        metrics: dict[str, float] | None,
        evaluator: Evaluator,
    ) -> None:
        if not metrics:
            return
        results |= {"config": Path(runner.cfg.filename or "").stem, **self._evaluated}
        test_cfg = getattr(unwrap(runner.model), "test_cfg", None) or {}
        if "flip_test" in test_cfg:
            results["flip_test"] = bool(test_cfg["flip_test"])
        for metric in evaluator.metrics:
            if getattr(metric, "scores", None) is not None:
                results |= metric.scores.to_json()
                people = results.setdefault("people", {})
                people[metric.scores.measure] = metric.scores.people
        write_json(Path(runner.work_dir) / self.filename, results | metrics)
