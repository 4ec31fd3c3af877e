"""Read labels of SLEAP: a `.slp`, or a `.pkg.slp` that holds the pictures too.

Frames' numbers count from 0; groups are the videos.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from pathlib import Path, PureWindowsPath

import numpy as np

from mmhg.errors import InputError
from mmhg.labels.labels import LabeledImage, LabeledObject, Labels
from mmhg.labels.listed import check_inside
from mmhg.labels.sleap_file import Instance, Skeleton, SleapFile, is_sleap_file
from mmhg.labels.sleap_videos import find_frames, source_name
from mmhg.utils.progress import with_progress


def recognizes(path: Path) -> bool:
    """Tell if labels are of SLEAP."""
    return is_sleap_file(path)


def read(path: Path, images: Path | None = None) -> Labels:
    """Read labels of SLEAP.

    Instances that a user has labeled are read. Those that a network has predicted are left out, and
    so are frames that have no others. Points that are not visible count as not labeled, as in
    SLEAP's own training: they lie where the tool has put them.

    Args:
        path: The `.slp`.
        images: The folder of the videos or pictures, where they are not beside the file.

    Raises:
        InputError: The file is damaged, of another form, has different skeletons, or no labels of a
            user; a video is missing, or is not the one that was labeled.
    """
    file = SleapFile(path)
    labeled: dict[int, dict[int, list[Instance]]] = defaultdict(dict)
    left_out = Counter[str]()
    for video, frame, instances in file.frames():
        seen = [one for one in instances if np.isfinite(one.points).any()]
        left_out["frames without labels of a user"] += not seen
        left_out["instances without a visible point"] += len(instances) - len(seen)
        left_out["points that are not visible"] += sum(one.invisible for one in seen)
        if seen:
            labeled[video].setdefault(frame, []).extend(seen)
    left_out["predicted instances"] = file.predicted
    skeleton = _skeleton(path, labeled)
    root = images or path.parent
    groups = _groups(path, file, list(labeled))
    found = []
    for video, frames in with_progress(labeled.items(), len(labeled), "videos", delay=2):
        numbers = sorted(frames)
        shift = np.array(file.crops.get(video, (0, 0)))
        places = find_frames(path, file.videos[video], numbers, root)
        for number, place in zip(numbers, places, strict=True):
            objects = [_object(one, shift) for one in frames[number]]
            for one in objects:
                where = f"{path}: video {video}, frame {number}, {one.id}"
                check_inside(where, one, *place.size)
            found.append(
                LabeledImage(
                    path=place.path,
                    width=place.size[0],
                    height=place.size[1],
                    objects=objects,
                    frame=place.frame,
                    embedded=place.embedded,
                    group=groups[video],
                )
            )
    shown = [f"{what} ({count:,})" for what, count in left_out.items() if count]
    return Labels(
        format="sleap",
        keypoints=skeleton.names,
        images=found,
        root=_common_folder(root, found),
        category="animal",
        skeleton=skeleton.links,
        flip_pairs=skeleton.symmetries or None,
        notes=[f"Left out: {', '.join(shown)}."] if shown else [],
    )


def _skeleton(path: Path, labeled: dict[int, dict[int, list[Instance]]]) -> Skeleton:
    """Return the skeleton of all instances."""
    used = {
        one.skeleton: None
        for frames in labeled.values()
        for instances in frames.values()
        for one in instances
    }
    if not used:
        raise InputError(f"{path} has no instances that a user has labeled")
    if len({one.names for one in used}) > 1:
        shown = "; ".join(", ".join(one.names) for one in used)
        raise InputError(
            f"{path} has instances of different skeletons: {shown:.300}. Save each kind to a file "
            "of its own"
        )
    return next(iter(used))


def _groups(path: Path, file: SleapFile, videos: list[int]) -> dict[int, str]:
    """Return the videos' names: their files', with the folders where files are called alike."""
    names = {video: source_name(path, file.videos[video]) for video in videos}
    short = {name: PureWindowsPath(name).name for name in names.values()}
    count = Counter(short.values())
    return {
        video: short[name] if count[short[name]] == 1 else name for video, name in names.items()
    }


def _object(instance: Instance, shift: np.ndarray) -> LabeledObject:
    """Return an object, in px of the whole frame where a part of it was labeled."""
    return LabeledObject(
        keypoints=instance.points + shift,
        hidden=np.zeros(len(instance.points), bool),
        id=f"instance {instance.number}",
    )


def _common_folder(root: Path, found: list[LabeledImage]) -> Path:
    """Return a folder that all files lie in: the labels' own, where they hold the pictures."""
    if all(image.path.is_relative_to(root) for image in found):
        return root
    return Path(os.path.commonpath([image.path.parent.absolute() for image in found]))
