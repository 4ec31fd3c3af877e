"""Read every picture once: can it be decoded, how large is it, and is it there twice?"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from scipy.spatial import cKDTree

from mmhg.data_check.findings import Example, Finding
from mmhg.data_check.records import Source
from mmhg.errors import InputError
from mmhg.pictures import decode_picture, read_header, read_picture_file
from mmhg.utils.inside import check_links, check_name
from mmhg.utils.progress import with_progress

THUMBNAIL = 48
"""Side in px of the small gray picture by which pictures are compared."""

_COARSE = 6
_LOOK_ALIKE = 6
"""Levels (of 255) by which no pixel of two thumbnails may differ more. Saving a photograph as a
JPEG of quality 50, or at half its size, changes them by up to 5; an object that moves by its own
size in a still scene, by 20 and more."""

_FLAT = 12.0
"""Standard deviation of a thumbnail below which a picture shows too little to be compared."""


@dataclass(frozen=True, eq=False)
class Picture:
    """Say what is known of a picture's file.

    Args:
        path: Where it is.
        problem: Why it cannot be used, None if it can.
        kind: The kind of the problem.
        size: Width and height in px of the upright picture, None if unknown.
        digest: Of the file's bytes.
        pixels: Digest of the pixels.
        thumbnail: (THUMBNAIL, THUMBNAIL) uint8.
    """

    path: str
    problem: str | None = None
    kind: str = ""
    size: tuple[int, int] | None = None
    digest: bytes = b""
    pixels: bytes = b""
    thumbnail: np.ndarray | None = None


def read_pictures(sources: Sequence[Source]) -> dict[str, Picture]:
    """Read and decode all pictures of some sources, in as many threads as there are processors.

    Args:
        sources: Whose pictures are read.
    """
    folders = {path: source for source in sources for path in source.pictures}
    paths = list(folders)
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda path: _read(path, folders[path]), paths)
        return {
            picture.path: picture
            for picture in with_progress(found, len(paths), "pictures", delay=2.0)
        }


def _read(path: str, source: Source) -> Picture:
    root = source.settings.get("data_root")
    places = [folder for folder in (root, source.folder) if folder] or [os.curdir]
    linked = [*places, *source.settings.get("linked_folders", ())]
    try:
        check_name(path, places, source.file)
        check_links(path, linked)
        data = read_picture_file(path, way_out="data_root and data_prefix of the dataset")
    except InputError as error:
        return Picture(path, str(error), "unreadable-pictures")
    digest = hashlib.blake2b(data, digest_size=16).digest()
    try:
        header = read_header(data, f"image {path}")
    except InputError as error:
        return Picture(path, str(error), "unreadable-pictures", digest=digest)
    size = None if header is None else header.size
    try:
        image = decode_picture(data, f"image {path}")
    except InputError as error:
        text = str(error)
        cut = header is not None or "truncated" in text
        kind = "truncated-pictures" if cut else "unreadable-pictures"
        return Picture(path, text, kind, size, digest)
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(gray, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    pixels = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
    return Picture(path, None, "", (image.shape[1], image.shape[0]), digest, pixels, small)


def check_pictures(sources: Sequence[Source], pictures: Mapping[str, Picture]) -> list[Finding]:
    """Find pictures that cannot be decoded, or are of another size than stated."""
    examples: dict[str, dict[str, Example]] = defaultdict(dict)
    for source in sources:
        for path, number in source.pictures.items():
            picture = pictures[path]
            if picture.problem is not None:
                examples[picture.kind][path] = Example(
                    file=source.file, id=number, what=picture.problem, picture=path
                )
                continue
            stated = source.sizes.get(path)
            if stated is not None and picture.size != stated:
                found, wanted = (f"{w:g} x {h:g} px" for w, h in (picture.size or (0, 0), stated))
                text = f"the picture has {found}, its annotation file states {wanted}"
                examples["picture-sizes"][path] = Example(
                    file=source.file, id=number, what=text, picture=path
                )
    return [Finding(kind=kind, examples=list(found.values())) for kind, found in examples.items()]


def check_duplicates(
    sources: Sequence[Source], pictures: Mapping[str, Picture]
) -> tuple[list[Finding], list[list[str]]]:
    """Find pictures that are there more than once, by their content.

    Returns:
        The findings, and the groups of paths that show the same.
    """
    splits: dict[str, set[str]] = defaultdict(set)
    files: dict[str, tuple[str, object]] = {}
    for source in sources:
        for path, number in source.pictures.items():
            splits[path].add(source.split)
            files.setdefault(path, (source.file, number))
    groups = _groups(pictures)
    twice: list[Example] = []
    across: list[Example] = []
    exact = True
    for path, where in splits.items():
        if len(where) > 1:
            file, number = files[path]
            text = "training and validation both have this picture"
            across.append(Example(file=file, id=number, what=text, picture=path))
    for group in groups:
        for path in group:
            others = [one for one in group if one != path]
            shown = f"{_how(pictures, path, others)} {', '.join(others[:3])}"
            file, number = files[path]
            apart = [one for one in others if splits[one] != splits[path]]
            if [one for one in others if splits[one] & splits[path]]:
                twice.append(Example(file=file, id=number, what=shown, picture=path))
            if apart:
                exact = exact and not shown.startswith("looks")
                name = "/".join(sorted(splits[path]))
                across.append(
                    Example(file=file, id=number, what=f"in {name}; {shown}", picture=path)
                )
    findings = []
    if twice:
        findings.append(Finding(kind="duplicate-pictures", examples=twice))
    if across:
        certain = any("looks like" not in one.what for one in across)
        findings.append(Finding(kind="duplicates-across-splits", examples=across, certain=certain))
    return findings, groups


def _how(pictures: Mapping[str, Picture], path: str, others: Iterable[str]) -> str:
    mine, theirs = pictures[path], [pictures[one] for one in others]
    if any(one.digest == mine.digest for one in theirs):
        return "the same file as"
    if any(one.pixels == mine.pixels for one in theirs):
        return "the same pixels as"
    return "looks like"


def _groups(pictures: Mapping[str, Picture]) -> list[list[str]]:
    """Return the paths of each group of pictures that show the same."""
    parent = {path: path for path in pictures}

    def root(path: str) -> str:
        while parent[path] != path:
            parent[path] = parent[parent[path]]
            path = parent[path]
        return path

    same: dict[bytes, list[str]] = defaultdict(list)
    for picture in pictures.values():
        for digest in {picture.digest, picture.pixels} - {b""}:
            same[digest].append(picture.path)
    links = [pair for paths in same.values() for pair in pairwise(paths)]
    for first, second in [*links, *_look_alike(list(pictures.values()))]:
        parent[root(second)] = root(first)
    groups: dict[str, list[str]] = defaultdict(list)
    for path in pictures:
        groups[root(path)].append(path)
    return [group for group in groups.values() if len(group) > 1]


def _look_alike(pictures: Sequence[Picture]) -> list[tuple[str, str]]:
    """List pairs of pictures that look the same: saved anew, or at another size."""
    shown = [one for one in pictures if one.thumbnail is not None and one.thumbnail.std() > _FLAT]
    if len(shown) < 2:
        return []
    small = np.stack([one.thumbnail for one in shown if one.thumbnail is not None])
    blocks = small.reshape(len(small), _COARSE, THUMBNAIL // _COARSE, _COARSE, -1)
    coarse = blocks.mean(axis=(2, 4)).reshape(len(small), -1)
    tree = cKDTree(coarse)
    pairs = []
    for index, near in enumerate(tree.query_ball_point(coarse, _LOOK_ALIKE / 2, p=np.inf)):
        later = np.array([one for one in near if one > index])
        if later.size:
            differences = np.abs(small[later].astype(np.int16) - small[index])
            alike = differences.max(axis=(1, 2)) <= _LOOK_ALIKE
            pairs += [(shown[index].path, shown[one].path) for one in later[alike]]
    return pairs
