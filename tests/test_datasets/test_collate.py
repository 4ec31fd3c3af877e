"""Batches that come out of workers are those that MMPose's own collation hands out."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.utils.data import DataLoader

from mmhg.datasets.collate import stack_images_collate


def sample(number: int, size: tuple[int, int] = (8, 6)) -> dict[str, Any]:
    """Pack a sample as a pipeline does. The last person of a batch has no labels at all."""
    rng = np.random.default_rng(number)
    labels = InstanceData(keypoint_weights=torch.tensor([[1.0, number]]))
    if number == 3:
        labels = InstanceData(keypoint_weights=torch.empty(0, 2))
    return dict(
        inputs=torch.from_numpy(rng.integers(0, 256, (3, *size), dtype=np.uint8)),
        data_samples=PoseDataSample(
            metainfo=dict(id=number, img_path=f"{number}.jpg", raw_ann_info=[dict(area=2.5)]),
            gt_instances=InstanceData(bboxes=rng.random((1, 4)), head_size=np.array([number])),
            gt_instance_labels=labels,
            gt_fields=PixelData(heatmaps=torch.from_numpy(rng.random((2, 4, 3)))),
        ),
    )


class Samples(torch.utils.data.Dataset):
    def __init__(self, make: Callable[[int], Any], count: int = 4) -> None:
        self.make, self.count = make, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Any:
        return self.make(index)


def from_worker(make: Callable[[int], Any], collate: Callable = stack_images_collate) -> Any:
    (batch,) = DataLoader(Samples(make), batch_size=4, num_workers=1, collate_fn=collate)
    return batch


def assert_same(actual: Any, expected: Any) -> None:
    assert type(actual) is type(expected)
    if isinstance(expected, BaseDataElement):
        assert set(actual.all_keys()) == set(expected.all_keys())
        for key, value in expected.all_items():
            assert_same(actual.get(key), value)
    elif isinstance(expected, Tensor):
        assert actual.dtype == expected.dtype
        assert actual.equal(expected)
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(actual, expected)
    elif isinstance(expected, list | tuple):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    else:
        assert actual == expected


@pytest.mark.parametrize("workers", [0, 1])
def test_samples_are_mmposes_and_images_one_tensor(workers: int) -> None:
    loader = DataLoader(
        Samples(sample, 6), batch_size=4, num_workers=workers, collate_fn=stack_images_collate
    )
    batches = list(loader)
    for batch, numbers in zip(batches, ([0, 1, 2, 3], [4, 5]), strict=True):
        expected = pseudo_collate([sample(number) for number in numbers])
        assert batch.keys() == expected.keys()
        assert_same(batch["data_samples"], expected["data_samples"])
        assert batch["inputs"].equal(torch.stack(expected["inputs"]))
        assert batch["inputs"].is_shared() == bool(workers)


def test_images_of_different_sizes_stay_a_list() -> None:
    def make(number: int) -> dict:
        return sample(number, size=(8 + number, 6))

    batch = from_worker(make)
    assert isinstance(batch["inputs"], list)
    assert_same(batch["inputs"], [make(number)["inputs"] for number in range(4)])
    assert_same(batch["data_samples"], [make(number)["data_samples"] for number in range(4)])


def test_several_crops_per_person() -> None:
    """Collate several crops as `TestTimeAug` gives them."""

    def make(number: int) -> dict:
        crops = sample(number), sample(number + 10)
        return {key: [crop[key] for crop in crops] for key in ("inputs", "data_samples")}

    batch = from_worker(make)
    expected = pseudo_collate([make(number) for number in range(4)])
    assert_same(batch["data_samples"], expected["data_samples"])
    assert_same(batch["inputs"], [torch.stack(images) for images in expected["inputs"]])


def test_other_batches_are_left_alone() -> None:
    def pair(number: int) -> tuple[int, str]:
        return number, "name"

    def annotations(number: int) -> dict:
        return dict(number=number)

    for make in (pair, annotations):
        assert from_worker(make) == pseudo_collate([make(number) for number in range(4)])


@pytest.mark.parametrize("sizes", [[(8, 6)] * 4, [(8, 6), (5, 6), (8, 4), (2, 2)]])
def test_mmposes_preprocessor_takes_the_batch(sizes: Sequence[tuple[int, int]]) -> None:
    def make(number: int) -> dict:
        return sample(number, sizes[number])

    preprocessor = MODELS.build(
        dict(
            type="PoseDataPreprocessor",
            mean=[1.0, 2, 3],
            std=[4.0, 5, 6],
            bgr_to_rgb=True,
            pad_size_divisor=4,
        )
    )
    outcome, expected = (
        preprocessor(from_worker(make, collate), training=True)
        for collate in (stack_images_collate, pseudo_collate)
    )
    assert outcome["inputs"].equal(expected["inputs"])
    for one, other in zip(outcome["data_samples"], expected["data_samples"], strict=True):
        assert one.batch_input_shape == other.batch_input_shape
        assert one.gt_fields.heatmaps.equal(other.gt_fields.heatmaps)


def test_a_runner_finds_it() -> None:
    loader = Runner.build_dataloader(
        dict(
            dataset=Samples(sample),
            batch_size=4,
            num_workers=0,
            sampler=dict(type="DefaultSampler", shuffle=False),
            collate_fn=dict(type="stack_images_collate"),
        )
    )
    (batch,) = loader
    assert batch["inputs"].shape == (4, 3, 8, 6)
