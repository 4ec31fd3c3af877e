"""Check, before the first step of a training, what would otherwise fail at its validation."""

from __future__ import annotations

from copy import copy
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner
from mmpose.evaluation.metrics import CocoMetric
from mmpose.registry import HOOKS

from mmhg.datasets.reduction import note_of_samples
from mmhg.engine.preflight import ground_truth, metrics
from mmhg.engine.preflight.batches import first_batch, train_batch, val_batch
from mmhg.engine.preflight.folder import check_writable
from mmhg.engine.preflight.images import check_images, samples_of
from mmhg.engine.preflight.keypoints import check_number_of_keypoints
from mmhg.engine.preflight.loader import check_not_empty, last_batch_size
from mmhg.engine.preflight.schedule import check_schedule
from mmhg.engine.preflight.undisturbed import undisturbed
from mmhg.models.unwrapping import is_sharded, unwrap


@HOOKS.register_module()
class PreflightHook(Hook):
    """Find out before a training whether it can be validated. `mmhg train` adds this hook.

    - Checkpoints can be written.
    - Images have the channels that the model takes; that they are made very small is said.
    - There is a batch to train on, batch norm can take the last one, and something is trained: not
      everything is frozen, and the learning rate does not fall to nothing before the end.
    - The validation annotations, given as predictions, have the full score in every metric.
    - The same after the codec's encoding and decoding. No joint in the crop may move by more than
      a pixel of the heatmap; the log says what the codec costs.
    - One training batch has a finite loss, and one validation batch can be predicted and scored.

    The training is then the same, to the bit, as without the hook. Images of the validation people
    are not decoded for the annotations. Of several processes the first one checks annotations.

    Raises:
        InputError: A check fails. The message names the metric or the person, and the setting.
    """

    # The other hooks are ready then.
    priority = "LOWEST"

    def before_train(self, runner: Runner) -> None:
        """Run all checks."""
        model: Any = unwrap(runner.model)
        loader = runner.train_dataloader
        check_not_empty(loader)
        check_schedule(runner, partial(self._say, runner))
        with undisturbed(model):
            found = self._check_data(runner, model) if is_main_process() else None
            if is_sharded(runner.model):
                self._say(runner, "no batch is tried, as FSDP shares the parameters out")
                return
            batch = first_batch(loader)
            check_images(loader.dataset, model)
            if note := note_of_samples(
                samples_of(batch), getattr(getattr(model, "head", None), "decoder", None)
            ):
                runner.logger.warning(f"preflight: {note}")
            loss = train_batch(model, runner.optim_wrapper, batch)
            self._say(runner, f"loss of the first training batch {loss:.4g}")
            if last_batch_size(loader) == 1:  # batch norm may refuse it
                train_batch(model, runner.optim_wrapper, first_batch(loader, 1))
            if runner.val_loop is not None:
                _score_batch(runner, model, found)

    def _check_data(self, runner: Runner, model: Any) -> ground_truth.Annotations | None:
        """Check folders, and annotations and codec if there is a validation."""
        savers = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
        for folder in {runner.work_dir, *(hook.out_dir for hook in savers)}:
            if folder and "://" not in folder:
                check_writable(Path(folder))
        check_number_of_keypoints(runner.train_dataloader.dataset)
        if runner.val_loop is None:
            self._say(runner, "no validation: annotations, metrics and codec are not checked")
            return None

        def say(text: str) -> None:
            self._say(runner, text)

        evaluator, dataset = runner.val_evaluator, runner.val_dataloader.dataset
        check_number_of_keypoints(dataset)
        found = ground_truth.check_annotations(evaluator, dataset, say)
        if found is not None:
            wanted = [name for hook in savers for name in hook.save_best or ()]
            ground_truth.check_save_best(found, wanted)
            trained = runner.train_dataloader.dataset
            ground_truth.check_codec(evaluator, found, model, trained, dataset.metainfo, say)
        return found

    def _say(self, runner: Runner, text: str) -> None:
        runner.logger.info(f"preflight: {text}")


def _score_batch(runner: Runner, model: Any, found: ground_truth.Annotations | None) -> None:
    """Predict a batch of the validation and let the metrics process it.

    Scores are computed together with the annotations of all others, since a batch may have nobody
    whom a metric can measure.
    """
    predicted = val_batch(model, runner.val_loop, first_batch(runner.val_dataloader))
    for index, metric in enumerate(runner.val_evaluator.metrics):
        copied = copy(metric)
        copied.results = []
        copied.process({}, [sample.to_dict() for sample in predicted])
        if found is None or index not in found.processed:
            continue
        if isinstance(metric, CocoMetric):
            copied.outfile_prefix = None
        else:
            copied.results += found.processed[index].results[len(copied.results) :]
        metrics.compute(copied)
