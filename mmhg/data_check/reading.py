"""Read the people of a config's datasets, and refuse nothing that can be reported."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
from mmengine.config import Config
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from mmhg.data_check.ids import check_ids, hashable, name_of
from mmhg.data_check.records import Person, Source
from mmhg.datasets.hold_out import held_out
from mmhg.datasets.person_dataset import PersonDataset
from mmhg.errors import InputError
from mmhg.utils.coco_file import is_id
from mmhg.utils.files import read_json

SPLITS = ("train", "val")


def read_sources(config: Config) -> list[Source]:
    """Read the annotation files of a config's training and validation.

    Raises:
        InputError: The config has no training data.
    """
    if not config.get("train_dataloader"):
        raise InputError(
            f"config {config.filename} has no train_dataloader: there is no data to check"
        )
    sources: list[Source] = []
    for split in SPLITS:
        if loader := config.get(f"{split}_dataloader"):
            for settings in leaves(loader["dataset"]):
                known = {source.file for source in sources}
                sources.append(_read(split, settings, known))
    return sources


def leaves(settings: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """List the settings of the datasets that a dataset combines or repeats, or its own."""
    inner = [*settings.get("datasets", ()), *filter(None, [settings.get("dataset")])]
    if not inner:
        yield dict(settings)
    for one in inner:
        yield from leaves(one)


def _read(split: str, settings: dict[str, Any], known: set[str]) -> Source:
    """Read a dataset's file; what is wrong with the file itself is said once."""
    root = settings.get("data_root") or ""
    file = osp.join(root, settings.get("ann_file") or "")
    prefix = (settings.get("data_prefix") or {}).get("img", "")
    source = Source(
        split=split, file=file, folder=osp.join(root, prefix or ""), settings=dict(settings)
    )
    _read_metainfo(source)
    content = None
    if file.lower().endswith(".json") and osp.isfile(file):
        try:
            content = read_json(file)
        except InputError as error:
            source.add("dataset-refused", str(error))
            return source
    if isinstance(content, dict) and isinstance(content.get("images"), list):
        _read_coco(source, content, check=file not in known)
    else:
        _read_dataset(source)
    return source


def _read_metainfo(source: Source) -> None:
    given = source.settings.get("metainfo")
    kind = DATASETS.get(source.settings["type"])
    given = given if given is not None else getattr(kind, "METAINFO", None)
    if not given:
        return
    try:
        parsed = parse_pose_metainfo(deepcopy(dict(given)))
        source.metainfo = parsed
        names = parsed["keypoint_id2name"]
        source.names = [names[index] for index in sorted(names)]
    except Exception as error:  # whatever a wrong metainfo makes MMPose raise
        source.add("dataset-refused", f"the metainfo cannot be used: {_reason(error)}")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _read_coco(source: Source, content: dict[str, Any], *, check: bool) -> None:
    source.content = content
    images = [one for one in content["images"] if isinstance(one, dict)]
    annotations = content.get("annotations")
    annotations = annotations if isinstance(annotations, list) else []
    categories = content.get("categories")
    source.file_names = [
        [str(name) for name in one["keypoints"]]
        for one in (categories if isinstance(categories, list) else [])
        if isinstance(one, dict) and isinstance(one.get("keypoints"), list)
    ]
    side = _side(source, images)
    by_id = {one["id"]: one for one in reversed(images) if hashable(one.get("id"))}
    for one in images:
        if name_of(one) in side:
            path = source.path_of(name_of(one))
            source.pictures.setdefault(path, one.get("id"))
            if (size := _size(one)) is not None:
                source.sizes[path] = size
    people = [one for one in annotations if isinstance(one, dict)]
    for one in people:
        image = by_id.get(one.get("image_id")) if hashable(one.get("image_id")) else None
        if image is not None and name_of(image) in side:
            source.people.append(_person(source, one, image))
    if check:
        check_ids(source, images, people, by_id)


def _side(source: Source, images: list[dict]) -> set[str]:
    """Return the names of the images on this split's side."""
    names = [name_of(one) for one in images]
    rule = source.settings.get("hold_out")
    if rule is None:
        return set(names)
    try:
        validates = held_out(names, rule, source.file)
    except InputError as error:
        source.add("dataset-refused", str(error))
        return set(names)
    held = bool(source.settings.get("test_mode"))
    return {name for name, one in zip(names, validates, strict=True) if one == held}


def _person(source: Source, one: dict, image: dict) -> Person:
    triples = _numbers(one.get("keypoints"))
    points = flags = None
    if triples is not None and triples.size and triples.size % 3 == 0:
        table = triples.reshape(-1, 3)
        flags = table[:, 2]
        points = np.where(flags[:, None] > 0, table[:, :2], np.nan)
    elif triples is None and one.get("keypoints") is not None:
        source.add(
            "dataset-refused",
            "its keypoints are no list of numbers",
            id=one.get("id"),
            picture=source.path_of(name_of(image)),
        )
    box = _numbers(one.get("bbox"))
    stated = one.get("num_keypoints")
    crowd = one.get("iscrowd") in (1, True)
    person = Person(
        source=source,
        id=one.get("id"),
        split=source.split,
        picture=source.path_of(name_of(image)),
        points=points,
        flags=flags,
        box=box if box is not None and box.shape == (4,) else None,
        size=_size(image),
        crowd=crowd,
        stated=stated if is_id(stated) else None,
        outline=_outline(one.get("segmentation")),
    )
    person.used = bool(
        not crowd and person.labeled.any() and person.box is not None and (person.box[2:] > 0).all()
    )
    return person


def _outline(polygons: Any) -> np.ndarray | None:
    if not isinstance(polygons, list) or not polygons:
        return None
    parts = [_numbers(one) for one in polygons]
    if any(part is None or part.ndim != 1 or part.size < 6 or part.size % 2 for part in parts):
        return None
    corners = np.concatenate([part.reshape(-1, 2) for part in parts if part is not None])
    return np.concatenate([corners.min(axis=0), corners.max(axis=0)])


def _numbers(value: Any) -> np.ndarray | None:
    """Return finite numbers as float64, None if the value has others."""
    try:
        numbers = np.asarray(value)
    except ValueError:
        return None
    if numbers.dtype.kind not in "iuf" or not np.isfinite(numbers).all():
        return None
    return numbers.astype(np.float64)


def _size(image: dict) -> tuple[float, float] | None:
    width, height = image.get("width"), image.get("height")
    sides = [one for one in (width, height) if isinstance(one, int | float) and one > 0]
    return (float(sides[0]), float(sides[1])) if len(sides) == 2 else None


def _read_dataset(source: Source) -> None:
    """Read people by the dataset's own class, of formats that have no ids to repair."""
    try:
        dataset: Any = DATASETS.build(
            deepcopy(source.settings) | dict(pipeline=[], lazy_init=False)
        )
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    except Exception as error:
        text = str(error) if isinstance(error, InputError) else _reason(error)
        source.add("dataset-refused", text)
        return
    everyone = isinstance(dataset, PersonDataset)
    source.names = source.names or [
        dataset.metainfo["keypoint_id2name"][k] for k in range(dataset.metainfo["num_keypoints"])
    ]
    source.metainfo = source.metainfo or dataset.metainfo
    made = {"LSPDataset"} & {kind.__name__ for kind in type(dataset).__mro__}
    for info in infos:
        source.people.append(_person_of_info(source, info, bool(made)))
        source.pictures.setdefault(info["img_path"], info.get("img_id"))
    if everyone:
        _add_left_out(source, dataset, {info["id"] for info in infos})


def _person_of_info(source: Source, info: dict, made_box: bool) -> Person:
    annotated = np.asarray(info["keypoints_visible"])[0]
    if annotated.ndim > 1:
        annotated = annotated[..., 0]
    annotated = annotated > 0
    visible = np.asarray(info.get("visible", np.ones((1, len(annotated)))))[0]
    flags = np.where(annotated, np.where(visible == 0, 1, 2), 0)
    points = np.asarray(info["keypoints"], dtype=np.float64)[0]
    box = np.asarray(info["bbox"], dtype=np.float64)[0] if "bbox" in info else None
    size = info.get("stated_size")
    return Person(
        source=source,
        id=info["id"],
        split=source.split,
        picture=os.fspath(info["img_path"]),
        points=np.where(annotated[:, None], points, np.nan),
        flags=flags,
        box=None if box is None else np.concatenate([box[:2], box[2:] - box[:2]]),
        box_is_labeled=not made_box,
        size=None if size is None else (float(size[0]), float(size[1])),
        used=bool(annotated.any()),
    )


def _add_left_out(source: Source, dataset: PersonDataset, used: set[int]) -> None:
    """Note the people of the file whom the dataset leaves out for their lack of a box."""
    people = dataset.read_people()
    held = [True] * len(people)
    if dataset.hold_out is not None:
        names = [person.image for person in people]
        sides = held_out(names, dataset.hold_out, source.file)
        held = [side == dataset.test_mode for side in sides]
    for index, person in enumerate(people):
        if held[index] and index not in used:
            flags = np.where(person.annotated, 2, 0)
            points = np.where(person.annotated[:, None], person.keypoints - 1, np.nan)
            source.people.append(
                Person(
                    source=source,
                    id=index,
                    split=source.split,
                    picture=source.path_of(person.image),
                    points=points,
                    flags=flags,
                    box=None,
                    used=False,
                )
            )
