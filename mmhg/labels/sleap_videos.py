"""Find what the videos of a `.slp` are: files of video, lists of pictures, pictures in HDF5."""

from __future__ import annotations

import re
from collections.abc import Sequence
from glob import escape
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.frames import frame_size
from mmhg.labels.pictures import SUFFIXES, Pictures
from mmhg.utils.hdf5 import read_hdf5
from mmhg.utils.inside import check_links

_DATASET = re.compile(r"[\w. -]+(/[\w. -]+){0,8}", re.ASCII)
"""Names of datasets that are looked for, which become arguments of a process."""


class Place(NamedTuple):
    """Say where a frame is.

    Attributes:
        path: As of `LabeledImage`.
        frame: As of `LabeledImage`.
        embedded: As of `LabeledImage`.
        size: Width and height, px.
    """

    path: Path
    frame: int | None
    embedded: tuple[str, int] | None
    size: tuple[int, int]


def find_frames(slp: Path, video: dict[str, Any], frames: Sequence[int], root: Path) -> list[Place]:
    """Find frames of a video.

    Names of files may be those of another machine: of `C:/data/a.mp4`, `data/a.mp4` and `a.mp4` are
    looked for in `root`, then the only `a.mp4` anywhere below it.

    Args:
        slp: The labels.
        video: What they say of the video.
        frames: The frames' numbers, ascending.
        root: The folder that pictures and videos lie in.

    Raises:
        InputError: A file is missing, has no such frame, or frames of another size than stated.
    """
    names, backend = file_names(slp, video), video["backend"]
    if dataset := str(backend.get("dataset") or "").strip("/"):
        return _embedded(slp, dataset, names[0], frames, root)
    if "filenames" in backend or Path(names[0]).suffix.lower() in SUFFIXES:
        if frames[-1] >= len(names):
            raise InputError(f"{slp} labels picture {frames[-1]} (from 0) of {len(names)}")
        paths = Pictures(slp, root).find([[names[frame]] for frame in frames])
        return [Place(path, None, None, frame_size(path)) for path in paths]
    path = _find_video(slp, names[0], root)
    size = frame_size(path, 0)
    stated = backend.get("shape")  # frames, height, width, channels
    sides = stated[2:0:-1] if isinstance(stated, list) and len(stated) == 4 else []
    if all(sides) and tuple(sides) not in ((), size):
        raise InputError(
            f"{slp} labels {names[0]} of {sides[0]} x {sides[1]} px, but {path} has {size[0]} x "
            f"{size[1]} once it is upright. Give the folder of the video that was labeled by "
            "--images"
        )
    return [Place(path, frame, None, size) for frame in frames]


def file_names(slp: Path, video: dict[str, Any]) -> list[str]:
    """Return the names of a video's files: one, or those of its pictures.

    Raises:
        InputError: There are none.
    """
    backend = video.get("backend")
    if not isinstance(backend, dict):
        raise InputError(f"{slp} is damaged: a video has no backend")
    found = backend.get("filenames") or backend.get("filename") or video.get("filename")
    listed = found if isinstance(found, list) else [found]
    names = [name for name in listed if isinstance(name, str) and name]
    if not names or len(names) < len(listed):
        raise InputError(f"{slp} is damaged: a video has no file")
    return names


def source_name(slp: Path, video: dict[str, Any]) -> str:
    """Return what a video is called: the file that its frames come from, or the pictures' folder.

    Raises:
        InputError: As of `file_names`.
    """
    inner = video.get("source_video")
    if isinstance(inner, dict):
        return source_name(slp, inner)
    (name, *others), backend = file_names(slp, video), video["backend"]
    if backend.get("dataset"):
        return f"{'' if name == '.' else name}{backend['dataset']}"
    folder = PureWindowsPath(name).parent
    return str(folder if folder.name else "pictures") if others else name


def _embedded(slp: Path, dataset: str, name: str, frames: Sequence[int], root: Path) -> list[Place]:
    """Find frames in a dataset of the labels' own file, or of another one."""
    if not _DATASET.fullmatch(dataset):
        raise InputError(f"{slp} is damaged: a video's dataset is called {dataset!r:.80}")
    path = slp if PureWindowsPath(name).name in ("", slp.name) else _find_video(slp, name, root)
    numbers = f"{dataset.rpartition('/')[0]}/frame_numbers".lstrip("/")
    found = read_hdf5(path, [numbers, f"{dataset}[0:1]"])
    if f"{dataset}[0:1]" not in found:
        raise InputError(f"{path} has no pictures of the video {dataset}")
    rows: dict[int, int] = {}
    if "/" in dataset and numbers in found and found[numbers].dtype.kind in "iu":
        rows = {int(frame): row for row, frame in enumerate(np.ravel(found[numbers]).tolist())}
        if missing := [frame for frame in frames if frame not in rows]:
            raise InputError(
                f"{path} has no picture of the labeled frame {missing[0]} in {dataset}"
            )
    places = [(dataset, rows.get(frame, frame)) for frame in frames]
    return [
        Place(path, frame, place, frame_size(path, frame, place))
        for frame, place in zip(frames, places, strict=True)
    ]


def _find_video(slp: Path, name: str, root: Path) -> Path:
    """Return a video's file below `root`."""
    windows = PureWindowsPath(name.replace("\0", ""))
    parts = [part for part in windows.parts if part not in ("..", windows.anchor)]
    for start in range(len(parts)):
        if (path := root.joinpath(*parts[start:])).is_file():
            break
    else:
        same = sorted(root.rglob(escape(parts[-1]))) if parts else []
        found = [path for path in same if path.is_file()]
        if len(found) != 1:
            where = f"in several folders of {root}" if found else f"not below {root}"
            raise InputError(
                f"{slp} labels the video {name}, which is {where}. Give the folder of the videos "
                "by --images"
            )
        (path,) = found
    check_links(str(path), [str(root)])
    return path
