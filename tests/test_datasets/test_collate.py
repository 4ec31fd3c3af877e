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
from mmpose.structures import MultilevelPixelData, PoseDataSample
from torch import Tensor
from torch.utils.data import DataLoader

from mmhg.datasets.collate import PackedSamples, shared_memory_collate


def sample(number: int, size: tuple[int, int] = (8, 6)) -> dict[str, Any]:
    """What a pipeline packs; the last person of a batch has no labels at all."""
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


def from_worker(make: Callable[[int], Any], collate: Callable = shared_memory_collate) -> Any:
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
@pytest.mark.parametrize("memory_files", [True, False])
def test_samples_are_mmposes_and_images_one_tensor(
    workers: int, memory_files: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the system has no files in memory."""
    if not memory_files:
        monkeypatch.delattr("os.memfd_create", raising=False)
    loader = DataLoader(
        Samples(sample, 6), batch_size=4, num_workers=workers, collate_fn=shared_memory_collate
    )
    batches = list(loader)
    for batch, numbers in zip(batches, ([0, 1, 2, 3], [4, 5]), strict=True):
        expected = pseudo_collate([sample(number) for number in numbers])
        assert batch.keys() == expected.keys()
        assert_same(batch["data_samples"], expected["data_samples"])
        assert batch["inputs"].equal(torch.stack(expected["inputs"]))


def test_persistent_workers_hand_out_every_epoch() -> None:
    loader = DataLoader(
        Samples(sample),
        batch_size=2,
        num_workers=1,
        persistent_workers=True,
        collate_fn=shared_memory_collate,
    )
    for _ in range(2):
        first, second = loader
        assert [one.id for one in first["data_samples"] + second["data_samples"]] == [0, 1, 2, 3]
        assert second["inputs"][1].equal(sample(3)["inputs"])


def test_tensors_of_a_kind_share_memory() -> None:
    samples = from_worker(sample)["data_samples"]
    heatmaps = [one.gt_fields.heatmaps for one in samples]
    assert len({one.untyped_storage().data_ptr() for one in heatmaps}) == 1
    heatmaps[0].zero_()
    assert heatmaps[1].equal(sample(1)["data_samples"].gt_fields.heatmaps)


def test_tensors_of_any_type_and_layout_cross() -> None:
    values = torch.arange(24.0).reshape(4, 6).requires_grad_()
    kinds = dict(
        transposed=values.T,
        part=values[1:3, ::2],
        scalar=values[1, 2],
        half=values.bfloat16(),
        flags=values > 3,
        integers=values.long(),
    )

    def make(number: int) -> dict:
        return dict(data_samples={name: kind + number for name, kind in kinds.items()})

    batch = from_worker(make)["data_samples"]
    for name in kinds:
        for number, tensor in enumerate(batch[name]):
            assert_same(tensor, make(number)["data_samples"][name].detach())


def test_few_pieces_cross() -> None:
    """Heatmaps, weights; nothing of either is in the bytes."""
    packed = PackedSamples([sample(number)["data_samples"] for number in range(3)])
    assert [tuple(tensor.shape) for tensor in packed.tensors] == [(3, 1, 2), (3, 2, 4, 3)]
    again = PackedSamples(
        [PoseDataSample(gt_fields=PixelData(heatmaps=torch.rand(9, 64, 64))) for _ in range(3)]
    )
    assert len(again.data) < 1000


def test_images_of_different_sizes_stay_a_list() -> None:
    def make(number: int) -> dict:
        return sample(number, size=(8 + number, 6))

    batch = from_worker(make)
    assert isinstance(batch["inputs"], list)
    assert_same(batch["inputs"], [make(number)["inputs"] for number in range(4)])
    assert_same(batch["data_samples"], [make(number)["data_samples"] for number in range(4)])


def test_several_crops_a_person() -> None:
    """As `TestTimeAug` hands them out."""

    def make(number: int) -> dict:
        crops = sample(number), sample(number + 10)
        return {key: [crop[key] for crop in crops] for key in ("inputs", "data_samples")}

    batch = from_worker(make)
    expected = pseudo_collate([make(number) for number in range(4)])
    assert_same(batch["data_samples"], expected["data_samples"])
    assert_same(batch["inputs"], [torch.stack(images) for images in expected["inputs"]])


def test_targets_of_several_levels() -> None:
    def make(number: int) -> dict:
        levels = [torch.full((2, side, side), float(number)) for side in (4, 2)]
        fields = MultilevelPixelData(heatmaps=levels)
        return dict(inputs=torch.zeros(3, 8, 8), data_samples=PoseDataSample(gt_fields=fields))

    samples = from_worker(make)["data_samples"]
    for number, one in enumerate(samples):
        assert [tuple(level.heatmaps.shape[1:]) for level in one.gt_fields] == [(4, 4), (2, 2)]
        assert all(bool((level.heatmaps == number).all()) for level in one.gt_fields)


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
        for collate in (shared_memory_collate, pseudo_collate)
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
            collate_fn=dict(type="shared_memory_collate"),
        )
    )
    (batch,) = loader
    assert batch["inputs"].shape == (4, 3, 8, 6)
