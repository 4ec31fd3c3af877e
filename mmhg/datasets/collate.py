"""Make batches in the workers."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info

# The configs ask for pinned memory wherever they run; without an accelerator there is none to pin.
warnings.filterwarnings("ignore", message="'pin_memory' argument is set as true but no accelerator")


@FUNCTIONS.register_module()
def stack_images_collate(data_batch: Sequence[Any]) -> Any:
    """`pseudo_collate` that stacks the images of a batch into one tensor, in the worker.

    The tensor (N, 3, H, W) lies in memory that the training process shares; images of different
    sizes stay a list. MMPose's `PoseDataPreprocessor` takes both forms. Everything else arrives as
    from `pseudo_collate`, in less of the worker's time.

    Set it by `train_dataloader.collate_fn=dict(type="stack_images_collate")`. Leave it out of
    `test_dataloader`, where MMEngine's inferencers accept no such dictionary.

    Args:
        data_batch: N samples, as the pipeline packed them.
    """
    batch = pseudo_collate(data_batch)
    if isinstance(batch, dict) and {"inputs", "data_samples"} <= batch.keys():
        batch["inputs"] = _stack(batch["inputs"])
        if get_worker_info() is not None:
            batch["data_samples"] = _Pickled(batch["data_samples"])
    return batch


class _Pickled:
    """Samples that leave a worker as bytes, and arrive as samples.

    By themselves their many small tensors would cross in shared memory, a file handle for each.
    """

    def __init__(self, samples: Any) -> None:
        self.data = pickle.dumps(samples)

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (self.data,)


def _stack(images: Any) -> Any:
    """Stack images (3, H, W) that are alike, and those of each list in a list."""
    if not isinstance(images, list | tuple) or not images:
        return images
    if all(isinstance(image, Tensor) for image in images):
        alike = len({(image.shape, image.dtype) for image in images}) == 1
        return default_collate(list(images)) if alike else images
    return type(images)(_stack(group) for group in images)
