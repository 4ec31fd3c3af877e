"""From a worker to the training process: few large pieces of shared memory, not many small ones."""

from __future__ import annotations

import io
import mmap
import os
import pickle
import warnings
from collections.abc import Sequence
from multiprocessing.reduction import DupFd
from typing import Any

import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS
from torch import Tensor
from torch.utils.data import default_collate, get_worker_info

# The configs ask for pinned memory wherever they run; without an accelerator there is none to pin.
warnings.filterwarnings("ignore", message="'pin_memory' argument is set as true but no accelerator")


@FUNCTIONS.register_module()
def shared_memory_collate(data_batch: Sequence[Any]) -> Any:
    """`pseudo_collate`, with images stacked and annotations packed in the worker.

    Images of one size become one tensor (N, 3, H, W), which the worker writes straight into shared
    memory; of different sizes they stay a list. Annotations cross as one piece of bytes, and their
    tensors (targets of `GenerateTarget`, for example) as one piece of shared memory for each shape.
    What arrives is what MMPose expects: `dict(inputs=..., data_samples=[PoseDataSample, ...])`;
    samples have views of the shared tensors. Without workers only the images are stacked.

    MMPose's `PoseDataPreprocessor` takes such batches too, but notes a `pad_shape` of (3, H) px
    for stacked images, which none of its top-down models reads; `DeviceTargetPreprocessor` notes
    the right one.

    In `train_dataloader` or `val_dataloader`: `collate_fn=dict(type="shared_memory_collate")`. Not
    in `test_dataloader`, where MMEngine's inferencers fail on what its Runner wants.

    Args:
        data_batch: What the pipeline packed, N samples.
    """
    batch = pseudo_collate(data_batch)
    if not isinstance(batch, dict):
        return batch
    if "inputs" in batch:
        batch["inputs"] = _stack_images(batch["inputs"])
    if "data_samples" in batch and get_worker_info() is not None:
        batch["data_samples"] = PackedSamples(batch["data_samples"])
    return batch


class PackedSamples:
    """Samples on their way to another process, which unpickles the samples themselves.

    Args:
        samples: Anything that can be pickled, holding tensors anywhere.
    """

    def __init__(self, samples: Any) -> None:
        file = io.BytesIO()
        pickler = _TensorsApart(file)
        pickler.dump(samples)
        self.data = file.getvalue()
        groups: dict[tuple[Any, ...], list[int]] = {}
        for number, tensor in enumerate(pickler.tensors):
            groups.setdefault((tensor.shape, tensor.dtype), []).append(number)
        self.numbers = list(groups.values())
        self.tensors: list[Tensor | SharedStack] = [
            _stack([pickler.tensors[number] for number in group]) for group in self.numbers
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpack, (self.data, self.numbers, self.tensors)


class SharedStack:
    """Tensors on their way to another process, which unpickles a stack of them, one tensor.

    They are written to a file in memory. Unlike storing to mapped memory, as PyTorch does, that has
    no page fault every 4 KiB, and is not bounded by the size of /dev/shm.

    Args:
        tensors: Tensors of one shape and type, with at least one element.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.shape = (len(tensors), *tensors[0].shape)
        self.dtype = tensors[0].dtype
        self.nbytes = len(tensors) * tensors[0].nbytes
        self.file = os.fdopen(os.memfd_create("batch"), "wb")
        for tensor in tensors:
            flat = tensor.detach().contiguous().flatten()
            self.file.write(flat.view(torch.uint8).numpy().data)
        self.file.flush()

    def __reduce__(self) -> tuple[Any, ...]:
        return _attach, (DupFd(self.file.fileno()), self.shape, self.dtype)


class _TensorsApart(pickle.Pickler):
    """Pickles everything but tensors, which it collects."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.tensors: list[Tensor] = []

    def persistent_id(self, obj: Any) -> int | None:
        """A tensor's place in the list."""
        if type(obj) is not Tensor:
            return None
        self.tensors.append(obj)
        return len(self.tensors) - 1


class _TensorsBack(pickle.Unpickler):
    """Puts tensors back by their place in the list."""

    def __init__(self, file: io.BytesIO, tensors: dict[int, Tensor]) -> None:
        super().__init__(file)
        self.tensors = tensors

    def persistent_load(self, pid: int) -> Tensor:
        """The tensor of that place."""
        return self.tensors[pid]


def _unpack(data: bytes, numbers: list[list[int]], tensors: list[Tensor]) -> Any:
    views = {
        number: view
        for group, tensor in zip(numbers, tensors, strict=True)
        for number, view in zip(group, tensor.unbind(), strict=True)
    }
    return _TensorsBack(io.BytesIO(data), views).load()


def _attach(handle: Any, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    file = handle.detach()
    try:
        memory = mmap.mmap(file, 0)
    finally:
        os.close(file)
    return torch.frombuffer(memory, dtype=dtype).view(shape)


def _stack_images(images: Any) -> Any:
    """A list of images (3, H, W) as (N, 3, H, W) if they are alike; lists of lists one by one."""
    if not isinstance(images, list | tuple) or not images:
        return images
    if all(isinstance(image, Tensor) for image in images):
        alike = len({(image.shape, image.dtype) for image in images}) == 1
        return _stack(images) if alike else images
    return type(images)(_stack_images(group) for group in images)


def _stack(tensors: Sequence[Tensor]) -> Tensor | SharedStack:
    """A stack of tensors, from a worker one that crosses cheaply."""
    in_worker = get_worker_info() is not None
    if in_worker and hasattr(os, "memfd_create") and tensors[0].numel():
        return SharedStack(tensors)
    return default_collate(list(tensors))
