"""Make batches in the workers of a data loader."""

from __future__ import annotations

import pickle  # noqa: TID251  what a worker of this process sends
import warnings
from collections.abc import Sequence
from typing import Any

from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info

# The configs always request pinned memory. Without an accelerator PyTorch warns about it.
warnings.filterwarnings("ignore", message="'pin_memory' argument is set as true but no accelerator")


@FUNCTIONS.register_module()
def stack_images_collate(data_batch: Sequence[Any]) -> Any:
    """Collate as `pseudo_collate` does, and stack the images of a batch into one tensor.

    The tensor (N, 3, H, W) lies in memory that the training process shares. Images of different
    sizes stay a list. MMPose's `PoseDataPreprocessor` takes both forms.

    Set it by `train_dataloader.collate_fn=dict(type="stack_images_collate")`. Leave it out of
    `test_dataloader`: MMEngine's inferencers accept no such dictionary there.

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

    Otherwise each of their many small tensors would need shared memory and a file handle.
    """

    def __init__(self, samples: Any) -> None:
        self.data = pickle.dumps(samples)

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (self.data,)


def _stack(images: Any) -> Any:
    """Stack images (3, H, W) of one size and type; in a list of lists, those of each list."""
    if not isinstance(images, list | tuple) or not images:
        return images
    if all(isinstance(image, Tensor) for image in images):
        alike = len({(image.shape, image.dtype) for image in images}) == 1
        return default_collate(list(images)) if alike else images
    return type(images)(_stack(group) for group in images)
