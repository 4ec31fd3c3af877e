"""Say what the picture shows at each keypoint, by the network whose weights come with mmhg.

Trained on people, it tells left from right, front from behind and joint from joint. Its features
tell other things apart as well; which of them do is learned from the data that are checked.

Shape shorthand in this module: N people, K keypoints, F features.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from mmhg.checkpoints.shipped import shipped_weights
from mmhg.data_check.keypoints import side_of
from mmhg.data_check.records import Person
from mmhg.datasets.body.lsp import LSP_METAINFO
from mmhg.datasets.transforms.loading import load_image
from mmhg.errors import InputError
from mmhg.nn import StackedHourglass
from mmhg.nn.folded import FoldedHourglass
from mmhg.pictures import warp_affine
from mmhg.utils.progress import with_progress

NETWORK, SIDE, PADDING = "hg2_lspet_128", 128, 1.25
_BATCH = 16

KNOWN = [info["name"] for info in LSP_METAINFO["keypoint_info"].values()]
"""The keypoints of the network."""


class Looker:
    """The network, and its own idea of the difference between two of its keypoints."""

    def __init__(self) -> None:
        network = StackedHourglass.from_checkpoint(shipped_weights()[NETWORK])
        fast = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
        self._network = FoldedHourglass(network, torch.bfloat16 if fast else torch.float32)
        prediction = self._network.prediction
        assert prediction is not None
        self.weights = prediction.weight.detach().float().numpy()[:, :, 0, 0]
        self._network.prediction = nn.Identity()  # type: ignore[assignment]

    @torch.no_grad()
    def features(self, crops: np.ndarray) -> torch.Tensor:
        """Return features (N, F, SIDE / 4, SIDE / 4) of crops (N, SIDE, SIDE, 3) uint8 BGR."""
        rgb = np.ascontiguousarray(crops[..., ::-1].transpose(0, 3, 1, 2), dtype=np.float32)
        (found,) = self._network(torch.from_numpy(rgb / 255))
        assert isinstance(found, torch.Tensor)
        return found


def known_name(name: str) -> str:
    """Return the network's name of a keypoint, empty if it has none."""
    side = side_of(name)
    for joint in ("ankle", "knee", "hip", "shoulder", "elbow", "wrist"):
        if side and joint in name.lower():
            return f"{side}_{joint}"
    return {"head_top": "head_top", "top_head": "head_top", "neck": "neck"}.get(name.lower(), "")


def look_at(people: Sequence[Person]) -> tuple[np.ndarray, Looker] | None:
    """Return features (N, K, F) at the keypoints, NaN where not labeled or without a picture.

    None without the network's weights.
    """
    if NETWORK not in shipped_weights() or not people:
        return None
    looker = Looker()
    first = people[0].points
    assert first is not None
    width = looker.weights.shape[1]
    found = np.full((len(people), len(first), width), np.nan, np.float32)
    by_picture: dict[str, list[int]] = defaultdict(list)
    for index, person in enumerate(people):
        if person.picture is not None:
            by_picture[person.picture].append(index)
    waiting: list[tuple[int, np.ndarray, np.ndarray]] = []
    for path, members in with_progress(by_picture.items(), len(by_picture), "looking", delay=3.0):
        try:
            image = load_image(path)
        except InputError:
            continue
        for index in members:
            waiting.append((index, *_crop(image, people[index])))
        if len(waiting) >= _BATCH:
            _look(looker, waiting, found)
            waiting = []
    if waiting:
        _look(looker, waiting, found)
    return found, looker


def _crop(image: np.ndarray, person: Person) -> tuple[np.ndarray, np.ndarray]:
    """Cut out the keypoints' extent; return also the keypoints (K, 2) on the crop."""
    extent, points = person.extent, person.points
    assert extent is not None and points is not None
    size = max(float((extent[2:] - extent[:2]).max()) * PADDING, 8.0)
    if person.labeled.sum() == 1 and person.box is not None:
        size = max(float(person.box[2:].max()) * PADDING, 8.0)
    zoom = SIDE / size
    shift = (SIDE - 1) / 2 - zoom * (extent[:2] + extent[2:]) / 2
    matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
    return warp_affine(image, matrix, (SIDE, SIDE)), points * zoom + shift


def _look(
    looker: Looker, waiting: Sequence[tuple[int, np.ndarray, np.ndarray]], found: np.ndarray
) -> None:
    maps = looker.features(np.stack([crop for _, crop, _ in waiting]))
    side = maps.shape[-1]
    places = np.stack([points for _, _, points in waiting])
    grid = (np.nan_to_num(places) + 0.5) / SIDE * 2 - 1
    sampled = nn.functional.grid_sample(
        maps,
        torch.from_numpy(grid[:, None].astype(np.float32)),
        padding_mode="border",
        align_corners=False,
    )
    assert side > 0
    values = sampled[:, :, 0].permute(0, 2, 1).numpy()
    for (index, _, points), value in zip(waiting, values, strict=True):
        found[index] = np.where(np.isfinite(points).all(axis=1)[:, None], value, np.nan)
