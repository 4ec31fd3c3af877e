"""What happens to a batch on the network's device before the network sees it.

Shape shorthand in this module: N images of C x H x W px, K keypoints.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from mmpose.models import PoseDataPreprocessor
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.nn import functional

from mmhg.codecs.device_targets import DeviceTargets, device_targets
from mmhg.errors import InputError


@MODELS.register_module()
class DeviceTargetPreprocessor(PoseDataPreprocessor):
    """`PoseDataPreprocessor` that draws the targets, too, and handles a batch as one tensor.

    With an `encoder`, a training batch gets what `GenerateTarget` would have made in the workers:
    `gt_fields.heatmaps` (K, H, W), views of one tensor, and `gt_instance_labels.keypoint_weights`
    (1, K). The training pipeline leaves `GenerateTarget` out and packs the joints instead:
    `dict(type="PackPoseInputs", pack_transformed=True)`. Images of one size are normalised
    together, to the same values as MMPose's; those of different sizes are left to it. On CUDA,
    images and joints are copied from pinned memory without waiting.

    Args:
        encoder: Config of the codec whose targets are drawn; None draws none.
        non_blocking: Whether copies to the device may run beside the host.
        **settings: Those of `PoseDataPreprocessor`.

    Raises:
        InputError: The codec's targets cannot be drawn on a device, or the samples do not hold what
            is needed; the message says what to do.
    """

    def __init__(
        self, encoder: Mapping[str, Any] | None = None, non_blocking: bool = True, **settings: Any
    ) -> None:
        super().__init__(non_blocking=non_blocking, **settings)
        self.encoder = None if encoder is None else device_targets(encoder)

    def forward(self, data: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Prepare a batch.

        Args:
            data: `inputs`, N images (C, H, W) as a list or (N, C, H, W), and `data_samples`.
            training: Whether to draw targets and to augment.

        Returns:
            `inputs` (N, C, H, W), float32, and `data_samples`, which are new: the given ones stay
            as they are.
        """
        samples = data["data_samples"]
        if training and self.encoder is not None:
            samples = self._with_targets(self.encoder, samples)
        images = self._as_one(data["inputs"])
        if images is None:
            return super().forward(dict(data, data_samples=samples), training)
        inputs = self._normalised(images)
        samples = [self._noted(sample, tuple(inputs.shape[-2:])) for sample in samples]
        if training and self.batch_augments is not None:
            for augment in self.batch_augments:
                inputs, samples = augment(inputs, samples)
        return dict(inputs=inputs, data_samples=samples)

    def _as_one(self, images: Any) -> Tensor | None:
        """Images as (N, C, H, W), None if that is not what they are."""
        if not isinstance(images, Tensor):
            if len({(image.shape, image.dtype) for image in images}) != 1:
                return None
            images = torch.stack(list(images))
        channels = images.shape[1] if images.ndim == 4 else None
        if self._enable_normalize and len(self.mean) not in (1, channels):
            return None
        if channels is None or (self._channel_conversion and channels != 3):
            return None
        return images

    def _normalised(self, images: Tensor) -> Tensor:
        images = self._on_device(images)
        if self._channel_conversion:
            images = images.flip(1)
        inputs = images.to(torch.float32, copy=True)
        if self._enable_normalize:
            inputs.sub_(self.mean).div_(self.std)
        height, width = (-side % self.pad_size_divisor for side in inputs.shape[-2:])
        if height or width:
            inputs = functional.pad(inputs, (0, width, 0, height), value=self.pad_value)
        return inputs

    def _noted(self, sample: PoseDataSample, shape: tuple[int, ...]) -> PoseDataSample:
        """A sample on the device that knows its input's size (H, W)."""
        elsewhere = _has_tensors_off(sample, self.device.type)
        sample = sample.to(self.device) if elsewhere else _twin(sample)
        sample.set_field(shape, "batch_input_shape", field_type="metainfo")
        sample.set_field(shape, "pad_shape", field_type="metainfo")
        return sample

    def _with_targets(
        self, encoder: DeviceTargets, samples: Sequence[PoseDataSample]
    ) -> list[PoseDataSample]:
        """Twins of the samples with targets on the device."""
        joints = np.concatenate([_joints(sample) for sample in samples])
        keypoints = self._on_device(torch.from_numpy(joints))
        heatmaps, weights = encoder(keypoints[..., :2], keypoints[..., 2])
        twins = [_twin(sample) for sample in samples]
        for twin, drawn, weight in zip(twins, heatmaps, weights.split(1), strict=True):
            twin.gt_fields = PixelData(heatmaps=drawn)
            twin.gt_instance_labels = InstanceData(keypoint_weights=weight)
        return twins

    def _on_device(self, tensor: Tensor) -> Tensor:
        if self.device.type == "cuda" and tensor.device.type == "cpu" and not tensor.is_pinned():
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=self._non_blocking)


def _joints(sample: PoseDataSample) -> np.ndarray:
    """A person's x, y in input px and how visible they are, (1, K, 3)."""
    if "heatmaps" in sample.get("gt_fields", ()):
        raise InputError(
            "the data preprocessor's encoder draws heatmaps, but the samples have some already; "
            "take GenerateTarget out of the training pipeline, or set the encoder to None"
        )
    people = sample.gt_instances
    points = people.get("transformed_keypoints")
    if points is None or points.ndim != 3:
        raise InputError(
            "the data preprocessor's encoder draws heatmaps of gt_instances.transformed_keypoints, "
            "which the samples lack; the training pipeline must crop people (HourglassCrop, "
            "TopdownAffine) and end in PackPoseInputs(pack_transformed=True)"
        )
    if len(points) != 1:
        raise InputError(
            f"the data preprocessor's encoder draws one person a sample, got {len(points)}; for "
            "several set it to None and put GenerateTarget into the training pipeline"
        )
    visible = people.keypoints_visible
    if visible.ndim == 2:
        visible = visible[..., None]
    # Of two values the second is a weight that only other codecs use.
    return np.concatenate((points[..., :2], visible[..., :1]), axis=2)


def _twin(sample: PoseDataSample) -> PoseDataSample:
    """A sample with the same fields that can be given others. (`new` copies all metainfo.)"""
    twin = copy.copy(sample)
    for names in ("_metainfo_fields", "_data_fields"):
        twin.__dict__[names] = set(getattr(sample, names))
    return twin


def _has_tensors_off(element: BaseDataElement, device: str) -> bool:
    """Whether any tensor of it lies on another kind of device."""
    for value in element.values():
        if isinstance(value, BaseDataElement):
            if _has_tensors_off(value, device):
                return True
        elif isinstance(value, Tensor) and value.device.type != device:
            return True
    return False
