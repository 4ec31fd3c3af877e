"""Small networks to export, and what MMPose makes of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmhg.benchmark.plain import randomize_statistics
from mmhg.config.catalog import get_config


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[Config, Path]]:
    """Make a config with a slim network, and a checkpoint for it with a trained one's norms."""
    from mmpose.apis import init_model  # once mmhg has applied what it needs

    folder = tmp_path_factory.mktemp("networks")

    def make(name: str, num_stacks: int = 2) -> tuple[Config, Path]:
        config = get_config(name)
        config.model.backbone.update(
            num_stacks=num_stacks, depth=2, channels=8, stem_channels=(4, 4, 8)
        )
        if config.model.head.type == "MultiStageHeatmapHead":
            config.model.head.num_stages = num_stacks
        else:
            config.model.head.in_channels = 8
        path = folder / f"{name}_{num_stacks}.pth"
        if not path.exists():
            torch.manual_seed(0)
            model = init_model(config, device="cpu")
            randomize_statistics(model.backbone)
            if config.codec.type == "UDPHeatmap":
                # Of a map that is nowhere positive MMPose reads the offset in another map's corner.
                model.backbone.stacks[-1].prediction.bias.data += 2
            torch.save(dict(state_dict=model.state_dict()), path)
        return config, path

    return make


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two images."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    paths = [folder / "first.png", folder / "second.jpg"]
    for path, (width, height) in zip(paths, ((160, 120), (90, 140)), strict=True):
        image = rng.integers(0, 255, (height // 8, width // 8, 3), dtype=np.uint8)
        cv2.imwrite(str(path), cv2.resize(image, (width, height)))
    return paths


@pytest.fixture(scope="session")
def boxes() -> list[list[float]]:
    """Return left, top, right, bottom of two boxes, the second partly outside of either image."""
    return [[20.5, 10.25, 90.0, 110.0], [60, -8, 170, 70]]


@pytest.fixture(scope="session")
def infer() -> Callable[..., np.ndarray]:
    """Return MMPose's keypoints and scores, (N, K, 3), of an image's people; no boxes: of one."""
    from mmpose.apis import inference_topdown, init_model

    def infer(config: Config, checkpoint: Path, image: Path, boxes: Sequence | None) -> np.ndarray:
        model = init_model(config, str(checkpoint), device="cpu")
        people = [sample.pred_instances for sample in inference_topdown(model, str(image), boxes)]
        return np.concatenate(
            [np.dstack((person.keypoints, person.keypoint_scores)) for person in people]
        )

    return infer


@pytest.fixture(scope="session")
def assert_same_places() -> Callable[..., None]:
    """Compare keypoints (..., K, 2), px of the image, with MMPose's.

    The flip test makes the heatmap of a joint that is its own mirror image symmetric. Where its
    maximum is not in the middle there are two, and rounding chooses: only y is compared.
    """

    def compare(found: np.ndarray, wanted: np.ndarray, flip_indices: Sequence[int]) -> None:
        apart = np.abs(found - wanted) > 0.01
        own_mirror = np.array(flip_indices) == np.arange(len(flip_indices))
        assert not apart[..., ~own_mirror, :].any(), (found, wanted)
        assert not apart[..., own_mirror, 1].any(), (found, wanted)

    return compare
