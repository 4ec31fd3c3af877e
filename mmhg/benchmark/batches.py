"""What goes from a worker to the training process, and what happens to it on arrival."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from mmpose.registry import KEYPOINT_CODECS, MODELS, TRANSFORMS
from torch.utils.data import DataLoader, Dataset

from mmhg.benchmark.measure import Candidate, Comparison, compare, count
from mmhg.datasets.collate import PackedSamples, shared_memory_collate

BATCH = 16
BATCHES = 8
CODEC = dict(type="MSRAHeatmap", input_size=(256, 256), heatmap_size=(64, 64), sigma=2)
NORMALISE = dict(mean=[0, 0, 0], std=[255, 255, 255], bgr_to_rgb=True)

Sample = dict[str, Any]


def run(seconds: float = 10.0) -> list[Comparison]:
    """Bytes, time from worker to training process, time of the data preprocessor, and of targets.

    Args:
        seconds: For each of the three that are timed.
    """
    with DefaultScope.overwrite_default_scope("mmpose"):
        targets = dict(type="GenerateTarget", encoder=CODEC)
        theirs = packed(targets, dict(type="PackPoseInputs"))
        ours = packed(dict(type="PackPoseInputs", pack_transformed=True))
        return [
            transferred_bytes(theirs, ours),
            transfer_time(theirs, ours, seconds),
            preprocessing_time(theirs, ours, seconds),
            target_time(ours, seconds),
        ]


def packed(*end: dict[str, Any]) -> list[Sample]:
    """A batch of people out of a pipeline with this end, everybody seen."""
    steps = [
        dict(type="GetBBoxCenterScale"),
        dict(type="TopdownAffine", input_size=CODEC["input_size"]),
        *end,
    ]
    pipeline = Compose([TRANSFORMS.build(step) for step in steps])
    return [pipeline(person(number)) for number in range(BATCH)]


def person(number: int) -> dict[str, Any]:
    """As a data set hands out: a 1280 x 720 px image and 16 joints in a box."""
    rng = np.random.default_rng(number)
    return dict(
        img=rng.integers(0, 256, (720, 1280, 3), dtype=np.uint8),
        img_path=f"data/mpii/images/{number:09}.jpg",
        id=number,
        img_id=number,
        ori_shape=(720, 1280),
        img_shape=(720, 1280),
        bbox=np.array([[300, 100, 800, 650]], dtype=np.float32),
        bbox_score=np.ones(1, dtype=np.float32),
        keypoints=rng.uniform((300, 100), (800, 650), (1, 16, 2)).astype(np.float32),
        keypoints_visible=np.ones((1, 16), dtype=np.float32),
        flip_indices=list(range(16)),
        category_id=1,
    )


def transferred_bytes(theirs: Sequence[Sample], ours: Sequence[Sample]) -> Comparison:
    """Tensors, and everything else as pickled; without the handles by which tensors are found."""
    name = "joints (DeviceTargetPreprocessor)"
    return count(
        "Bytes per sample between processes: 256 x 256 px, 16 keypoints",
        "bytes",
        {
            "targets (MMPose)": size_of(pseudo_collate(theirs)) / BATCH,
            name: size_of(pseudo_collate(ours)) / BATCH,
        },
        goals={name: 2.3},
        notes={name: f"of them {ours[0]['inputs'].nbytes:,} the image"},
    )


def size_of(batch: Any) -> int:
    """Bytes of a batch: tensors and the rest, pickled."""
    parts = PackedSamples(batch)
    return len(parts.data) + sum(int(tensor.nbytes) for tensor in parts.tensors)


class Handed(Dataset):
    """The samples again and again, each time with tensors of their own, as a pipeline makes them.

    That is needed since a tensor that went to another process once stays in shared memory.
    """

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return BATCH * BATCHES

    def __getitem__(self, index: int) -> Sample:
        image, sample = self.samples[index % BATCH].values()
        for name in ("gt_fields", "gt_instance_labels"):
            fields = sample.get(name, {})
            for key, tensor in list(fields.items()):
                fields.set_field(tensor.clone(), key)
        return dict(inputs=image.clone(), data_samples=sample)


def transfer_time(theirs: Sequence[Sample], ours: Sequence[Sample], seconds: float) -> Comparison:
    """From packed samples in the worker to images (N, 3, H, W) and samples in this process.

    One worker that does nothing else, and a process that waits for it. MMPose's images are stacked
    on arrival, since its preprocessor has to; ours are already. Everyone's time includes the copies
    that `Handed` makes.
    """

    def fetch(samples: Sequence[Sample], collate: Callable) -> Callable[[], None]:
        loader = DataLoader(
            Handed(samples),
            batch_size=BATCH,
            num_workers=1,
            persistent_workers=True,
            collate_fn=collate,
        )

        def epoch() -> None:
            for batch in loader:
                if not isinstance(batch["inputs"], torch.Tensor):
                    torch.stack(batch["inputs"])

        return epoch

    units = BATCH * BATCHES
    return compare(
        f"Batches of {BATCH} from worker to training process",
        "sample",
        [
            Candidate("targets, pseudo_collate (MMPose)", fetch(theirs, pseudo_collate), units),
            Candidate("joints, pseudo_collate", fetch(ours, pseudo_collate), units),
            Candidate(
                "targets, shared_memory_collate", fetch(theirs, shared_memory_collate), units
            ),
            Candidate(
                "joints, shared_memory_collate (our configs)",
                fetch(ours, shared_memory_collate),
                units,
                goal=5.0,
            ),
        ],
        seconds=seconds,
    )


def preprocessing_time(
    theirs: Sequence[Sample], ours: Sequence[Sample], seconds: float
) -> Comparison:
    """The data preprocessor on the CPU, from arrived batch to what the network and head read."""
    plain = MODELS.build(dict(type="PoseDataPreprocessor", **NORMALISE))
    batched = MODELS.build(dict(type="DeviceTargetPreprocessor", **NORMALISE))
    drawing = MODELS.build(dict(type="DeviceTargetPreprocessor", encoder=CODEC, **NORMALISE))
    listed, stacked = pseudo_collate(theirs), shared_memory_collate(theirs)
    joints = shared_memory_collate(ours)
    expected = plain(listed, True)["inputs"]
    off = float((batched(stacked, True)["inputs"] - expected).abs().max())
    return compare(
        f"Data preprocessor, batches of {BATCH}, CPU",
        "sample",
        [
            Candidate("PoseDataPreprocessor (MMPose)", lambda: plain(listed, True), BATCH),
            Candidate(
                "DeviceTargetPreprocessor without targets",
                lambda: batched(stacked, True),
                BATCH,
                note=f"deviation {off:.0e}",
            ),
            Candidate(
                "DeviceTargetPreprocessor with targets", lambda: drawing(joints, True), BATCH
            ),
        ],
        seconds=seconds,
    )


def target_time(samples: Sequence[Sample], seconds: float) -> Comparison:
    """Targets one by one in the pipeline, and of a batch at once."""
    codec = KEYPOINT_CODECS.build(CODEC)
    drawing = MODELS.build(dict(type="DeviceTargetPreprocessor", encoder=CODEC))
    data_samples = [sample["data_samples"] for sample in samples]
    people = [
        (one.gt_instances.transformed_keypoints, one.gt_instances.keypoints_visible)
        for one in data_samples
    ]
    joints = torch.from_numpy(np.concatenate([keypoints for keypoints, _ in people]))
    visible = torch.from_numpy(np.concatenate([visible for _, visible in people]))

    def one_by_one() -> list[dict[str, np.ndarray]]:
        return [codec.encode(*one) for one in people]

    expected = torch.from_numpy(np.stack([one["heatmaps"] for one in one_by_one()]))
    off = float((drawing.encoder(joints, visible)[0] - expected).abs().max())
    return compare(
        f"Targets of {BATCH} people, {CODEC['type']}, CPU",
        "sample",
        [
            Candidate("encode, one by one (MMPose)", one_by_one, BATCH),
            Candidate(
                "device targets, all at once",
                lambda: drawing.encoder(joints, visible),
                BATCH,
                note=f"deviation {off:.0e}",
            ),
        ],
        seconds=seconds,
    )
