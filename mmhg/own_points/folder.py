"""Make a folder that trains of labels: COCO's files, a config, and pictures where it needs them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from mmhg.config import get_config
from mmhg.errors import InputError
from mmhg.labels import LabeledImage, Labels
from mmhg.own_points.boxes import made_boxes
from mmhg.own_points.channels import channels_of
from mmhg.own_points.choices import Choices, choose, sees_whole_images
from mmhg.own_points.coco_content import coco_content
from mmhg.own_points.config_text import config_text
from mmhg.own_points.orientation import rotation_for
from mmhg.own_points.sides import Pair, Sides, find_sides, given_pairs
from mmhg.own_points.split import Split, split
from mmhg.utils.coco_file import read_coco
from mmhg.utils.files import write_json, write_text
from mmhg.utils.inside import check_links, check_name
from mmhg.utils.progress import with_progress

PICTURES = "images"
"""The folder of pictures that were copied, or taken from videos."""

_FARTHEST = 2
"""Steps upwards to pictures that a config still names relative to itself."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Imported:
    """Say what was found and made, for the user.

    Attributes:
        folder: The new folder.
        labels: Those used: images that have an object with a labeled keypoint.
        left_out: Numbers of images and objects without a labeled keypoint.
        sides: Pairs, and whether images are mirrored.
        split: Which images validate.
        boxes: How many boxes are given, and how many are made in which way.
        two_looks: Whether the network sees whole images, too.
        choices: Network, input and length.
        channels: That the network takes.
        pictures: The folder of the pictures.
        train_objects: Number of objects to train on.
    """

    folder: Path
    labels: Labels
    left_out: dict[str, int]
    sides: Sides
    split: Split
    boxes: Counter[str]
    two_looks: bool
    choices: Choices
    channels: int
    pictures: Path
    train_objects: int


def import_labels(
    labels: Labels,
    folder: str | Path,
    *,
    flip_pairs: Sequence[str] | None = None,
    val: Sequence[str] | float | None = None,
    group: str | Path | None = None,
    padding: float = 0.0,
    channels: int | None = None,
    copy: bool = False,
) -> Imported:
    """Write `train.json`, `val.json` and `config.py`; the folder appears whole or not at all.

    Pictures stay where they are, and the config names their folder. Frames of videos and pictures
    inside of other files are written as PNG files into `images`, and so are all pictures then.

    Args:
        labels: As `mmhg.labels.read_labels` gives them.
        folder: The folder to make. It must not exist.
        flip_pairs: Texts `left,right` in place of the pairs that are found; none switch mirroring
            off.
        val: As for `mmhg.own_points.split`.
        group: As for `mmhg.own_points.split`.
        padding: As for `mmhg.own_points.made_boxes`.
        channels: That the network takes: 1 for gray, 3 for color. None takes 1 if all pictures are
            files of one channel.
        copy: Copy the pictures into the folder, so that it can be sent elsewhere.

    Raises:
        InputError: The labels cannot be used, or the folder cannot be made. It says why.
    """
    target = Path(folder)
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} already exists. Remove it, or name another folder")
    if odd := set('"\\\n') & set(target.absolute().as_posix()):
        raise InputError(
            f"{target}: a config cannot lie below a folder with {odd.pop()!r} in its name"
        )
    if not 0 <= padding <= 10:
        raise InputError(f"--padding must be a fraction from 0 to 10, got {padding:g}")
    if channels is not None and channels < 1:
        raise InputError(f"--channels must be a whole number from 1, got {channels}")
    used, left_out = _labeled(labels)
    sides = _sides(labels, flip_pairs)
    parts = split(used.images, val=val, group=group)
    boxes, counts = made_boxes(used.images, padding)
    copy = copy or any(image.frame is not None or image.embedded for image in used.images)
    names = _file_names(used, copy)
    train = sum(
        len(image.objects)
        for image, validates in zip(used.images, parts.validates, strict=True)
        if not validates
    )
    two_looks = sees_whole_images([len(image.objects) for image in used.images], counts["given"])
    sizes = np.array([box[2:] - box[:2] for of_image in boxes for box in of_image])
    points = [one.keypoints for image in used.images for one in image.objects]
    rotation = rotation_for(points)
    choices = choose(sizes, train=train, rotation=rotation, two_looks=two_looks)
    pictures = target / PICTURES if copy else labels.root
    found = Imported(
        folder=target,
        labels=used,
        left_out=left_out,
        sides=sides,
        split=parts,
        boxes=counts,
        two_looks=two_looks,
        choices=choices,
        channels=channels_of(used.images) if channels is None else channels,
        pictures=pictures,
        train_objects=train,
    )
    with _workplace(target) as work:
        if copy:
            _write_pictures(used.images, names, work / PICTURES)
        by_image = dict(zip(map(id, used.images), names, strict=True))
        for name, side in (("train", False), ("val", True)):
            chosen = [index for index, one in enumerate(parts.validates) if one == side]
            content = coco_content(
                used,
                [used.images[index] for index in chosen],
                [boxes[index] for index in chosen],
                lambda image: by_image[id(image)],
            )
            write_json(work / f"{name}.json", content, indent=None)
            read_coco(work / f"{name}.json")  # refuses what no training could read
        write_text(work / "config.py", _config(found))
        get_config(work / "config.py")
    return found


def _labeled(labels: Labels) -> tuple[Labels, dict[str, int]]:
    """Return labels of the images and objects that have a labeled keypoint, and count the others.

    Raises:
        InputError: There is none, or keypoints lack names of their own.
    """
    names = list(labels.keypoints)
    if not names or len(set(names)) < len(names) or not all(name.strip() for name in names):
        raise InputError(f"each keypoint needs a name of its own, got {', '.join(names) or 'none'}")
    images = [
        replace(image, objects=[one for one in image.objects if one.labeled.any()])
        for image in labels.images
    ]
    kept = [image for image in images if image.objects]
    if not kept:
        raise InputError(
            f"none of the {len(images)} images has a labeled keypoint. Label some, or check that "
            "this is the file that was labeled"
        )
    before = sum(len(image.objects) for image in labels.images)
    left_out = dict(
        images=len(images) - len(kept), objects=before - sum(len(one.objects) for one in kept)
    )
    return replace(labels, images=kept), left_out


def _sides(labels: Labels, flip_pairs: Sequence[str] | None) -> Sides:
    """Return the pairs: those that the user gives, else the files', else found by name.

    Files that state none say that a mirrored object has its keypoints where they were.
    """
    names = list(labels.keypoints)
    if flip_pairs is not None:
        pairs: list[Pair] = given_pairs(flip_pairs, names)
        return Sides(pairs=pairs, flips=bool(pairs), origin="as you say")
    by_name = find_sides(names)
    if labels.flip_pairs is None:
        return by_name
    pairs = [(names[one], names[other]) for one, other in labels.flip_pairs]
    pairs = [pair[::-1] if pair[::-1] in by_name.pairs else pair for pair in pairs]
    return Sides(pairs=pairs, flips=True, origin="as the labels say")


def _file_names(labels: Labels, copy: bool) -> list[str]:
    """Return the `file_name` of each image, below its folder of pictures.

    Raises:
        InputError: A picture lies outside of the labels' root, or is there twice.
    """
    if copy:
        return _own_names(labels)
    root = str(labels.root)
    names = []
    for image in labels.images:
        check_name(str(image.path), [root], "the labels")
        try:
            check_links(str(image.path), [root])
        except InputError as error:
            raise InputError(
                f"{image.path} is a link out of {root}. Copy pictures by --copy"
            ) from error
        names.append(Path(os.path.relpath(image.path, root)).as_posix())
    return _once(names)


def _own_names(labels: Labels) -> list[str]:
    """Name copied pictures as below the labels' root, and frames after their video."""
    names = []
    for image in labels.images:
        try:
            path = image.path.resolve().relative_to(labels.root.resolve())
        except ValueError:
            path = Path(image.path.name)
        if image.embedded:
            dataset, row = image.embedded
            path = path.with_suffix("") / dataset.replace("/", "_") / f"{row:06d}.png"
        elif image.frame is not None:
            path = path.with_name(path.name.replace(".", "_")) / f"{image.frame:06d}.png"
        names.append(path.as_posix())
    return _once(names)


def _once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        name, count = Counter(names).most_common(1)[0]
        raise InputError(f"the labels list the image {name} {count} times. Leave it there once")
    return names


def _write_pictures(images: Sequence[LabeledImage], names: Sequence[str], folder: Path) -> None:
    """Copy pictures, and write frames as PNG files."""
    order = sorted(  # a video is read from its beginning to its end
        range(len(images)), key=lambda index: (str(images[index].path), images[index].frame or 0)
    )
    for index in with_progress(order, len(order), "pictures", delay=2.0):
        image, path = images[index], folder / names[index]
        path.parent.mkdir(parents=True, exist_ok=True)
        if image.frame is None and not image.embedded:
            shutil.copyfile(image.path, path)
            continue
        from mmhg.labels.frames import read_frame

        pixels = read_frame(image)
        if pixels.shape[1::-1] != (image.width, image.height):
            raise InputError(
                f"{image.path}, frame {image.frame}: it has {pixels.shape[1]} x {pixels.shape[0]} "
                f"px, but the labels state {image.width} x {image.height}"
            )
        path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())


def _config(found: Imported) -> str:
    labels, names = found.labels, list(found.labels.keypoints)
    validating = sum(found.split.validates)
    return config_text(
        name=labels.category,
        keypoints=names,
        pairs=found.sides.pairs,
        links=[(names[one], names[other]) for one, other in labels.skeleton],
        flips=found.sides.flips,
        images=_relative(found.pictures, found.folder),
        two_looks=found.two_looks,
        choices=found.choices,
        channels=found.channels,
        summary=f"{len(names)} keypoints: {len(labels.images) - validating:,} images train, "
        f"{validating:,} validate. Made by `mmhg import`.",
    )


def _relative(pictures: Path, folder: Path) -> str:
    """Name a folder as seen from another, if it is near, so that both can be moved together."""
    absolute = Path(os.path.abspath(pictures))
    try:
        path = Path(os.path.relpath(absolute, os.path.abspath(folder))).as_posix()
    except ValueError:  # another drive
        return absolute.as_posix()
    if path.split("/").count("..") > _FARTHEST:
        return absolute.as_posix()
    return path


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """Yield a folder that becomes `target` when the block ends; if the block raises, none is left.

    Raises:
        InputError: It cannot be made.
    """
    parent = target.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=parent, prefix=f".{target.name}-") as temporary:
            work = Path(temporary) / target.name
            work.mkdir()
            yield work
            work.rename(target)
    except OSError as error:
        raise InputError(
            f"cannot make folder {target}: {error.strerror or error}"
            + (f", {error.filename}" if error.filename else "")
        ) from error
