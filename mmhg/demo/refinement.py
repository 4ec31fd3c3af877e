"""Predict a person's joints and heatmaps after each stack, ready for JSON.

Shape shorthand in this module: S stacks, K keypoints, H x W px of the heatmaps. Coordinates are px
of the image, 0-based.
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

from mmhg.checkpoints.shipped import DEFAULT
from mmhg.config.catalog import get_config
from mmhg.datasets.transforms.loading import max_pixels_of
from mmhg.errors import InputError
from mmhg.inference.outputs import ImageRef, KeypointJson, Person
from mmhg.inference.person_input import PersonInput
from mmhg.inference.predictor import find_device
from mmhg.models import MultiScaleTopdownPoseEstimator
from mmhg.models.loading import checkpoint_of, load_model
from mmhg.refinement.predict import check_stacks, predict_each_stack
from mmhg.version import __version__
from mmhg.visualization.heatmaps import heatmap_placement

_COLORS = 256


class RefinementDemo:
    """Run a trained network and return its predictions after each of its stacks.

    It may be called from any thread. Calls are computed one after the other.

    Args:
        config: File, name of one of mmhg's configs, or a loaded config. The default is the network
            that comes with weights.
        checkpoint: Weights of the config's network; None takes those that come with the config.
        device: Device to compute on; None takes a GPU if there is one.

    Attributes:
        max_pixels: Largest image, as the test pipeline's `LoadWholeImage` has it.

    Raises:
        InputError: The checkpoint belongs to another network, there is no such device, or the
            network has no heatmaps after each stack.
    """

    def __init__(
        self,
        config: str | Path | Config = DEFAULT,
        checkpoint: str | Path | None = None,
        *,
        device: str | torch.device | None = None,
    ) -> None:
        if checkpoint is None and config == DEFAULT:
            checkpoint = DEFAULT
        config = config if isinstance(config, Config) else get_config(config)
        chosen = find_device(device)
        checkpoint = checkpoint_of(config, checkpoint)
        self._model: Any = load_model(config, checkpoint).to(chosen)
        self._stacks = check_stacks(self._model).num_stacks
        if isinstance(self._model, MultiScaleTopdownPoseEstimator):
            raise InputError(
                "the page shows networks that see a person once, but this config tests at several "
                "scales. Use the config that it is based on"
            )
        self._names = [Path(config.filename or "config").stem, Path(checkpoint).name]
        self._metainfo: dict[str, Any] = self._model.dataset_meta
        self._input = PersonInput(config, self._metainfo)
        self.max_pixels = max_pixels_of(config)
        # Always the same thread, since each thread that computes keeps its own helper threads.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="network")

    @property
    def joint_names(self) -> list[str]:
        """Return the joints' names in the dataset's order, (K)."""
        names = self._metainfo["keypoint_id2name"]
        return [names[joint] for joint in range(len(names))]

    def describe(self) -> dict[str, Any]:
        """Describe the network for the page, before it has a photo. Colors are RGB."""
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
        """Predict one person's joints.

        Args:
            image: (height, width, 3) uint8, BGR.
            box: Left, top, right, bottom; None takes the whole image as the person's box.
            name: The image's name in `document`.

        Returns:
            A dict with `image`: width and height; `box`; `crop`: left, top, right, bottom of the
            network's input; `stacks`: for each stack `keypoints` [[x, y], ...] and `scores`;
            `heatmaps`, as from `pack_heatmaps`, with their `area`; `document`: the JSON that
            `mmhg infer` writes, with `keypoints_after_stack` for the person.

        Raises:
            InputError: The box has no area or lies outside the image.
        """
        height, width = image.shape[:2]
        person_box, samples = self._worker.submit(self._predict, image, box).result()

        found = [sample.pred_instances for sample in samples]
        keypoints = np.stack([each.keypoints[0, :, :2] for each in found])
        scores = np.stack([each.keypoint_scores[0] for each in found])
        heatmaps = np.stack([sample.pred_fields.heatmaps for sample in samples])
        after = [Person(person_box, *each) for each in zip(keypoints, scores, strict=True)]
        return dict(
            image=dict(width=width, height=height),
            box=person_box.tolist(),
            crop=_crop(samples[0]),
            stacks=[
                dict(keypoints=person.keypoints.tolist(), scores=person.scores.tolist())
                for person in after
            ],
            heatmaps=pack_heatmaps(heatmaps) | dict(area=self._heatmap_area(samples[0], heatmaps)),
            document=self._document(after, (height, width), name),
        )

    def _predict(
        self, image: np.ndarray, box: Sequence[float] | None
    ) -> tuple[np.ndarray, list[PoseDataSample]]:
        """Return the person's box, and `test_step`'s samples after each stack, as arrays."""
        person_box, person = self._input(image, box)
        stacks = predict_each_stack(self._model, pseudo_collate([person]), heatmaps=True)
        return person_box, [samples[0].numpy() for samples in stacks]

    def _heatmap_area(self, sample: PoseDataSample, heatmaps: np.ndarray) -> list[float]:
        """Locate the heatmaps' outer edges in the image: left, top, right, bottom."""
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
        table.add(ImageRef(1, name, None), after[-1])
        table.write_images([dict(id=1, file_name=name, width=size[1], height=size[0])])
        document: dict[str, Any] = json.loads(file.getvalue())
        document["annotations"][0]["keypoints_after_stack"] = [
            [number for row in person.rows() for number in row] for person in after
        ]
        return document


def pack_heatmaps(heatmaps: np.ndarray) -> dict[str, Any]:
    """Encode heatmaps (S, K, H, W) as text.

    Returns:
        A dict with `shape`; `highest`, the highest value (K,) among all stacks; `values`: bytes in
        base 64, 255 for the joint's highest value and 0 for 0 and below. All stacks share this
        scale, so that they can be compared.
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
    """Return the region that became the network's input: left, top, right, bottom."""
    center, half = np.ravel(sample.input_center), np.ravel(sample.input_scale) / 2
    return np.concatenate([center - half, center + half]).astype(float).tolist()


def _integers(values: Any) -> list[list[int]]:
    """Convert metainfo, which has lists or arrays, to lists of integers."""
    return np.rint(np.asarray(values)).astype(int).tolist()
