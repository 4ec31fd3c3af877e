"""What the page shows: a person's joints and heatmaps after each stack, ready for JSON.

Shape shorthand in this module: S stacks, K keypoints, H x W px of the heatmaps. Coordinates are px
of the picture, 0-based.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.structures import PoseDataSample

from mmhg.config.library import get_config
from mmhg.errors import InputError
from mmhg.inference.person_input import PersonInput
from mmhg.inference.predictor import find_device
from mmhg.inference.records import KeypointJson, Person, Picture
from mmhg.models import MultiScaleTopdownPoseEstimator
from mmhg.models.loading import load_model
from mmhg.refinement.predict import check_stacks, predict_each_stack
from mmhg.version import __version__
from mmhg.visualization.heatmaps import heatmap_placement

_COLORS = 256


class RefinementDemo:
    """A trained network that tells what it sees after each of its stacks.

    It may be asked from any thread; answers are worked out one after the other.

    Args:
        config: File, name of one of mmhg's configs, or loaded.
        checkpoint: Weights that belong to it.
        device: To compute on; None takes a GPU if there is one.

    Raises:
        InputError: The checkpoint is of another network, there is no such device, or the network
            has no heatmaps after each stack.
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        *,
        device: str | torch.device | None = None,
    ) -> None:
        config = config if isinstance(config, Config) else get_config(config)
        chosen = find_device(device)
        self._model: Any = load_model(config, checkpoint).to(chosen)
        self._stacks = check_stacks(self._model).num_stacks
        if isinstance(self._model, MultiScaleTopdownPoseEstimator):
            raise InputError(
                "the page shows networks that see a person once, this config tests at several "
                "scales; use the config that it builds on"
            )
        self._names = [Path(config.filename or "config").stem, Path(checkpoint).name]
        self._metainfo: dict[str, Any] = self._model.dataset_meta
        self._input = PersonInput(config, self._metainfo)
        # Always the same thread: each one that computes would keep helpers of its own.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="network")

    @property
    def joint_names(self) -> list[str]:
        """As the data set has them, (K)."""
        names = self._metainfo["keypoint_id2name"]
        return [names[joint] for joint in range(len(names))]

    def describe(self) -> dict[str, Any]:
        """What the page has to know before it sees a photo; colours are red, green, blue."""
        heat = 255 * matplotlib.colormaps["inferno"](np.linspace(0.3, 1, _COLORS))[:, :3]
        return dict(
            config=self._names[0],
            checkpoint=self._names[1],
            stacks=self._stacks,
            joints=self.joint_names,
            joint_colors=_integers(self._metainfo["keypoint_colors"]),
            links=_integers(self._metainfo["skeleton_links"]),
            link_colors=_integers(self._metainfo["skeleton_link_colors"]),
            heat_colors=_integers(heat),
        )

    def __call__(
        self, image: np.ndarray, box: Sequence[float] | None = None, name: str = "photo"
    ) -> dict[str, Any]:
        """Look at one person.

        Args:
            image: (height, width, 3) uint8, blue, green, red.
            box: Left, top, right, bottom; None takes the whole picture as the person's.
            name: Of the picture, for `document`.

        Returns:
            `image`: width and height; `box`; `crop`: what the network sees, left, top, right,
            bottom; `stacks`: for each stack `keypoints` [[x, y], ...] and `scores`; `heatmaps`, as
            `pack_heatmaps` has them; `document`: what `tools/infer.py` writes, and in the person's
            `keypoints_after_stack` those of each stack.

        Raises:
            InputError: The box has no area or lies outside of the picture.
        """
        height, width = image.shape[:2]
        place, samples = self._worker.submit(self._look, image, box).result()

        found = [sample.pred_instances for sample in samples]
        keypoints = np.stack([each.keypoints[0, :, :2] for each in found])
        scores = np.stack([each.keypoint_scores[0] for each in found])
        heatmaps = np.stack([sample.pred_fields.heatmaps for sample in samples])
        after = [Person(place, *each) for each in zip(keypoints, scores, strict=True)]
        return dict(
            image=dict(width=width, height=height),
            box=place.tolist(),
            crop=_crop(samples[0]),
            stacks=[
                dict(keypoints=person.keypoints.tolist(), scores=person.scores.tolist())
                for person in after
            ],
            heatmaps=pack_heatmaps(heatmaps) | dict(area=self._heatmap_area(samples[0], heatmaps)),
            document=self._document(after, (height, width), name),
        )

    def _look(
        self, image: np.ndarray, box: Sequence[float] | None
    ) -> tuple[np.ndarray, list[PoseDataSample]]:
        """The person's box, and samples after each stack, as `test_step` gives them, in arrays."""
        place, person = self._input(image, box)
        stacks = predict_each_stack(self._model, pseudo_collate([person]), heatmaps=True)
        return place, [samples[0].numpy() for samples in stacks]

    def _heatmap_area(self, sample: PoseDataSample, heatmaps: np.ndarray) -> list[float]:
        """Where the outer edges of the heatmaps' outer pixels lie: left, top, right, bottom."""
        height, width = heatmaps.shape[-2:]
        scale, offset = heatmap_placement(self._model.head.decoder, width, height)
        edges = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]]) * scale + offset
        left, top, right, bottom = _crop(sample)
        zoom = np.array([right - left, bottom - top]) / np.asarray(sample.input_size, dtype=float)
        return (edges * zoom + [left, top]).ravel().tolist()

    def _document(
        self, after: Sequence[Person], size: tuple[int, int], name: str
    ) -> dict[str, Any]:
        """Return what `mmhg infer` writes of the last stack, with the others added."""
        links = _integers(self._metainfo["skeleton_links"])
        info = dict(model=self._names, mmhg=__version__)
        file = StringIO()
        table = KeypointJson(file, self.joint_names, links, info)
        table.add(Picture(1, name, None), after[-1])
        table.finish([dict(id=1, file_name=name, width=size[1], height=size[0])])
        document: dict[str, Any] = json.loads(file.getvalue())
        document["annotations"][0]["keypoints_after_stack"] = [
            [number for row in person.rows() for number in row] for person in after
        ]
        return document


def pack_heatmaps(heatmaps: np.ndarray) -> dict[str, Any]:
    """Heatmaps (S, K, H, W) as text.

    Returns:
        `shape`; `highest`, (K,) of all stacks; `values`: bytes in base 64, 255 for the joint's
        highest and 0 for 0 and below, so that stacks can be compared.
    """
    highest = heatmaps.max(axis=(0, 2, 3))
    share = heatmaps / np.maximum(highest, 1e-6)[:, None, None]
    values = np.rint(255 * share.clip(0, 1)).astype(np.uint8)
    return dict(
        shape=list(heatmaps.shape),
        highest=highest.tolist(),
        values=b64encode(values.tobytes()).decode("ascii"),
    )


def _crop(sample: PoseDataSample) -> list[float]:
    """The region that became the network's input: left, top, right, bottom."""
    center, half = np.ravel(sample.input_center), np.ravel(sample.input_scale) / 2
    return np.concatenate([center - half, center + half]).astype(float).tolist()


def _integers(values: Any) -> list[list[int]]:
    """Metainfo has lists or arrays."""
    return np.rint(np.asarray(values)).astype(int).tolist()
