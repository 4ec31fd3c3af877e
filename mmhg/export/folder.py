"""Write and load a folder with a trained network that needs neither MMPose nor this package."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mmpose
import numpy as np
import torch
from mmengine.config import Config

from mmhg.datasets.transforms import LoadWholeImage
from mmhg.errors import InputError
from mmhg.export import predict
from mmhg.export.check import NUM_IMAGES, Agreement, compare, example_images
from mmhg.export.description import check_decodes_in_graph, describe
from mmhg.export.formats import Job, find_format
from mmhg.export.graph import HeatmapNetwork, KeypointNetwork
from mmhg.models.loading import checkpoint_of, load_model
from mmhg.utils.files import write_json
from mmhg.version import __version__


class DisagreementError(RuntimeError):
    """The exported network does not compute the same as PyTorch."""


def export(
    config: Config,
    checkpoint: str | Path | None,
    folder: str | Path,
    *,
    format: str = "onnx",
    dynamic_batch: bool = False,
    fuse: bool = False,
    half: bool = False,
    decode: bool = False,
) -> Agreement:
    """Write a folder with the model, `model.json` and `predict.py`, after a check of the model.

    Args:
        config: Config of a top-down model whose head gives heatmaps.
        checkpoint: Its weights; None takes the best of the config's work folder, else those that
            come with the config.
        folder: The folder to make. It must be empty or not exist.
        format: One of `mmhg.export.FORMATS`.
        dynamic_batch: Leave the number of images open; otherwise it is 1.
        fuse: Write the backbone's `FoldedHourglass`: the same heatmaps, faster.
        half: Write float16, in files of half the size.
        decode: Let the model also give `keypoints` (N, K, 2), px of its input, and `scores` (N, K).

    Raises:
        InputError: The model cannot be exported, or the folder cannot be made.
        DisagreementError: The check failed. No folder is written.
    """
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} already exists. Remove it, or name another folder")
    chosen = find_format(format)
    checkpoint = checkpoint_of(config, checkpoint)
    model = load_model(config, checkpoint)
    description = describe(config, model)
    if decode:
        check_decodes_in_graph(description["codec"])
    dtype = torch.float16 if half and chosen.half_in_network else torch.float32
    heatmap_network = HeatmapNetwork(model, fuse=fuse, dtype=dtype)
    outputs = ["keypoints", "scores", "heatmaps"] if decode else ["heatmaps"]
    network = KeypointNetwork(heatmap_network, description["codec"]) if decode else heatmap_network
    description["input"].update(name="images", dynamic_batch=dynamic_batch)
    description |= dict(
        outputs=outputs,
        format=format,
        file=chosen.file,
        precision="float16" if half else "float32",
        fused=fuse,
        source=dict(config=Path(config.filename).name, checkpoint=Path(checkpoint).name),
        versions=dict(mmhg=__version__, mmpose=mmpose.__version__, torch=torch.__version__),
    )
    images = example_images(NUM_IMAGES, description)
    with _workplace(target) as temporary:
        work = Path(temporary) / target.name
        work.mkdir()
        job = Job(
            network=network,
            images=torch.from_numpy(images[: 2 if dynamic_batch else 1]),
            path=work / chosen.file,
            output_names=outputs,
            dynamic_batch=dynamic_batch,
            half=half,
            metadata=description,
        )
        with torch.no_grad(), warnings.catch_warnings():
            # torch warns that sizes become constants of the program, as they should.
            warnings.simplefilter("ignore")
            chosen.write(job)
            expected = HeatmapNetwork(model)(torch.from_numpy(images))[0].numpy()
        exported = predict.load_network(work, description)
        agreement = compare(exported, expected, images, model.head.decoder, description)
        if not agreement.passes:
            raise DisagreementError(f"the exported network is off: {agreement}")
        description["check"] = agreement._asdict()
        write_json(work / predict.DESCRIPTION, description)
        for script in ("predict.py", "torch_program.py")[: 2 if "torch" in format else 1]:
            shutil.copy(Path(predict.__file__).with_name(script), work / script)
        if target.exists():
            target.rmdir()
        work.rename(target)
    return agreement


class ExportedNetwork(predict.Predictor):
    """The `Predictor` of an exported folder, whose errors are of bad input."""

    def __call__(
        self, images: Sequence[predict.Image], boxes: Sequence[Any] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of people, as `Predictor` does."""
        try:
            return super().__call__(images, boxes)
        except ValueError as error:
            raise InputError(str(error)) from error


def load(folder: str | Path, **settings: Any) -> predict.Predictor:
    """Load the network of an exported folder.

    Args:
        folder: As `export` writes it.
        **settings: Arguments of `Predictor`.

    Raises:
        InputError: The folder holds no exported network, a damaged or hostile one, or its runtime
            is not installed.
    """
    try:
        description = predict.read_description(Path(folder))
        find_format(description["format"])
        return ExportedNetwork(folder, **settings)
    except ValueError as error:
        raise InputError(str(error)) from error


def image_loader(folder: str | Path) -> LoadWholeImage:
    """Return the step that reads images as an exported folder's network takes them.

    Raises:
        InputError: The folder holds no exported network.
    """
    try:
        settings = predict.read_description(Path(folder))["input"]
    except ValueError as error:
        raise InputError(str(error)) from error
    return LoadWholeImage(channels=len(settings["mean"]), value_range=settings.get("value_range"))


def is_exported(path: str | Path) -> bool:
    """Tell whether a path is a folder that `export` wrote."""
    return (Path(path) / predict.DESCRIPTION).is_file()


def dataset_meta(predictor: predict.Predictor) -> dict[str, Any]:
    """Describe the keypoints of an exported network as MMPose does: names, skeleton, colors."""
    keypoints = predictor.description["keypoints"]
    return dict(
        num_keypoints=len(keypoints["names"]),
        keypoint_id2name=dict(enumerate(keypoints["names"])),
        skeleton_links=keypoints["skeleton"],
        skeleton_link_colors=keypoints["skeleton_colors"],
        keypoint_colors=keypoints["colors"],
    )


def _workplace(target: Path) -> TemporaryDirectory[str]:
    """Make a folder beside `target`, to be moved to its path when it is complete."""
    parent = target.absolute().parent
    if not parent.is_dir():
        raise InputError(f"there is no folder {target.parent}. Make it first")
    try:
        return TemporaryDirectory(dir=parent, prefix=f".{target.name}-")
    except OSError as error:
        raise InputError(
            f"cannot make folder {target} ({error.strerror}). Name one in a folder that can be "
            "written to"
        ) from error
