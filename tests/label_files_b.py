"""Files of DeepLabCut, SLEAP, LSP and MPII, written from labels that are known."""

from __future__ import annotations

import csv
import json
import pickle
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import yaml

from mmhg.datasets.formats import lsp_mat, mpii_mat
from mmhg.datasets.formats.matlab import struct, write_mat
from mmhg.errors import InputError
from mmhg.labels import LabeledImage, LabeledObject, Labels
from mmhg.utils import hdf5_child

LINKS = ((0, 1), (1, 2))


def read_hdf5_here(path: Path, names: Collection[str], name: object = None) -> dict[str, Any]:
    """Do as `mmhg.utils.hdf5.read_hdf5` does, without the process that takes half a second."""
    try:
        return hdf5_child.read(Path(path), list(names))
    except Exception as error:
        shown = path if name is None else name
        raise InputError(f"{shown} is not an HDF5 file that can be read: {error}") from error


def seen_only(labels: Labels) -> Labels:
    """Return labels without flags of hidden keypoints and without boxes."""
    images = [
        replace(
            image,
            objects=[
                replace(one, hidden=np.zeros(len(one.hidden), bool), box=None)
                for one in image.objects
            ],
        )
        for image in labels.images
    ]
    return replace(labels, images=images)


def keypoints_of(labels: Labels) -> list[list[list[float]]]:
    """Return the keypoints of all objects, -1 where not labeled, for comparisons."""
    return [
        [np.nan_to_num(one.keypoints, nan=-1).round(6).tolist() for one in image.objects]
        for image in labels.images
    ]


def write_deeplabcut(labels: Labels, project: Path, *, several: bool = False) -> Labels:
    """Write a project of one video, `clip`, and return its labels."""
    folder = project / "labeled-data" / "clip"
    folder.mkdir(parents=True)
    images = []
    for number, image in enumerate(labels.images):
        path = folder / f"img{number:03d}.png"
        shutil.copy(image.path, path)
        images.append(replace(image, path=path, group="clip"))
    names = list(labels.keypoints)
    animals = [f"animal{n}" for n in range(2)] if several else [""]
    config: dict[str, Any] = dict(
        Task="people", scorer="me", skeleton=[[names[a], names[b]] for a, b in LINKS]
    )
    config |= (
        dict(
            multianimalproject=True,
            individuals=animals,
            multianimalbodyparts=names,
            uniquebodyparts=[],
            bodyparts="MULTI!",
        )
        if several
        else dict(multianimalproject=None, bodyparts=names)
    )
    (project / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    columns = [(who, name, axis) for who in animals for name in names for axis in "xy"]
    blank = np.full((len(animals), len(names), 2), np.nan)
    rows = []
    for image in images:
        points = blank.copy()
        for index, one in enumerate(image.objects):
            points[index] = one.keypoints
        rows.append([f"labeled-data/clip/{image.path.name}", *points.ravel().tolist()])
    header = [["scorer", *["me"] * len(columns)], ["bodyparts", *(c[1] for c in columns)]]
    header += [["coords", *(c[2] for c in columns)]]
    if several:
        header.insert(1, ["individuals", *(c[0] for c in columns)])
    with (folder / "CollectedData_me.csv").open("w", newline="") as file:
        cells = [["" if cell != cell else cell for cell in row] for row in rows]
        csv.writer(file).writerows(header + cells)
    return replace(labels, images=images, skeleton=LINKS)


def write_as_h5(file: Path, *, layout: str, parts: int = 1) -> Path:
    """Write the table of a CSV file beside it, as pandas writes it with PyTables.

    Args:
        file: The CSV file.
        layout: `"fixed"` or `"table"`.
        parts: Into how many columns the frames' names are divided, 1 or 3.
    """
    with file.open(newline="") as text:
        table = list(csv.reader(text))
    count = next(n for n, row in enumerate(table) if row[0].startswith("labeled-data"))
    columns = list(zip(*(row[1:] for row in table[:count]), strict=True))
    values = np.array([[float(cell or "nan") for cell in row[1:]] for row in table[count:]])
    rows = [row[0].split("/") if parts == 3 else [row[0]] for row in table[count:]]
    target = file.with_suffix(".h5")
    with h5py.File(target, "w") as content:
        if layout == "table":
            group = content.create_group("df_with_missing")
            group.attrs["pandas_type"] = np.bytes_(b"frame_table")
            names = np.array([row[0].encode() for row in rows])
            kinds = [("index", names.dtype), ("values_block_0", "f8", (values.shape[1],))]
            made = np.empty(len(rows), kinds)
            made["index"], made["values_block_0"] = names, values
            group["table"] = made
            pickled = pickle.dumps(columns, protocol=0)
            group["table"].attrs["values_block_0_kind"] = np.bytes_(pickled)
            return target
        group = content.create_group("keypoints")
        group.attrs["pandas_type"] = np.bytes_(b"frame")
        group["block0_values"] = values
        _write_levels(group, "block0_items", columns)
        if parts == 3:
            _write_levels(group, "axis1", rows)
        else:
            group["axis1"] = np.array([row[0].encode() for row in rows])
            group["axis1"].attrs["kind"] = np.bytes_(b"string")
    return target


def _write_levels(group: h5py.Group, axis: str, names: Sequence[Sequence[str]]) -> None:
    for level, texts in enumerate(zip(*names, strict=True)):
        distinct = sorted(set(texts))  # pandas sorts a level
        place = f"{axis}_level{level}"
        group[place] = np.array([text.encode() for text in distinct])
        group[place].attrs["kind"] = np.bytes_(b"string")
        group[f"{axis}_label{level}"] = np.array([distinct.index(t) for t in texts], np.int8)


def write_video(path: Path, pictures: Sequence[np.ndarray]) -> Path:
    """Write pictures (H, W, 3), blue first, as the frames of a video without loss."""
    height, width = pictures[0].shape[:2]
    code = cv2.VideoWriter_fourcc(*"FFV1" if path.suffix == ".avi" else "mp4v")
    writer = cv2.VideoWriter(str(path), code, 10, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


INSTANCE = np.dtype(
    [
        *(("instance_id", "i8"), ("instance_type", "u1"), ("frame_id", "u8"), ("skeleton", "u4")),
        *(("track", "i4"), ("from_predicted", "i8"), ("score", "f4")),
        *(("point_id_start", "u8"), ("point_id_end", "u8"), ("tracking_score", "f4")),
    ]
)
FRAME = np.dtype(
    [
        *(("frame_id", "u8"), ("video", "u4"), ("frame_idx", "u8")),
        *(("instance_id_start", "u8"), ("instance_id_end", "u8")),
    ]
)
POINT = np.dtype([("x", "f8"), ("y", "f8"), ("visible", "?"), ("complete", "?")])


def slp_metadata(names: Sequence[str]) -> dict[str, Any]:
    """Return SLEAP's metadata with a skeleton, its links as jsonpickle writes them."""
    reduced = [
        {"py/reduce": [{"py/type": "sleap.skeleton.EdgeType"}, {"py/tuple": [n]}]} for n in (1, 2)
    ]
    links = [
        dict(edge_insert_idx=0, key=0, source=0, target=1, type=reduced[0]),
        dict(edge_insert_idx=1, key=0, source=1, target=2, type={"py/id": 1}),
        dict(key=0, source=0, target=2, type=reduced[1]),
        dict(key=0, source=2, target=0, type={"py/id": 2}),
    ]
    graph = dict(
        directed=True,
        graph=dict(name="Skeleton-0", num_edges_inserted=2),
        links=links,
        multigraph=True,
        nodes=[{"id": n} for n in range(len(names))],
    )
    nodes = [{"name": name, "weight": 1.0} for name in names]
    return dict(version="2.0.0", skeletons=[graph], nodes=nodes)


def write_slp(
    path: Path,
    names: Sequence[str],
    videos: Sequence[dict[str, Any]],
    frames: Sequence[tuple[int, int, Sequence[np.ndarray]]],
    *,
    version: float = 1.3,
    predicted: int = 0,
    metadata: Any = None,
    tables: Mapping[str, Any] | None = None,
) -> Path:
    """Write a `.slp`.

    Args:
        path: The file; added to, if it exists.
        names: The nodes' names.
        videos: The JSON of each.
        frames: Video, frame and the points (K, 2) px of each instance.
        version: `format_id`.
        predicted: How many instances, the last ones of each frame, are predictions.
        metadata: In the place of that of a skeleton with `names`.
        tables: Datasets in the place of what follows from the others; None leaves one out.
    """
    rows, instances, points = [], [], []
    for video, frame, objects in frames:
        start = len(instances)
        for index, one in enumerate(objects):
            by_user = index < len(objects) - predicted
            first = len(points) if by_user else 0
            if by_user:
                points += [(x, y, x == x, True) for x, y in one.tolist()]
            kind = 0 if by_user else 1
            place = (len(rows), 0, -1, -1, 0.0, first, len(points) if by_user else len(names), 0.0)
            instances.append((len(instances), kind, *place))
        rows.append((len(rows), video, frame, start, len(instances)))
    content = dict(
        points=np.array(points, POINT),
        instances=np.array(instances, INSTANCE),
        frames=np.array(rows, FRAME),
        videos_json=[json.dumps(video).encode() for video in videos],
    )
    with h5py.File(path, "a") as file:
        group = file.create_group("metadata")
        group.attrs["format_id"] = version
        metadata = slp_metadata(names) if metadata is None else metadata
        text = metadata if isinstance(metadata, bytes) else json.dumps(metadata).encode()
        group.attrs["json"] = np.bytes_(text)
        for name, value in (content | dict(tables or {})).items():
            if value is not None:
                file[name] = value
    return path


def embed(path: Path, pictures: Sequence[np.ndarray], numbers: Sequence[int], group: str) -> None:
    """Add pictures (H, W, 3), blue first, to a `.slp`, as PNG files whose red is where red is."""
    files = [cv2.imencode(".png", picture)[1].ravel().view(np.int8) for picture in pictures]
    with h5py.File(path, "a") as file:
        place = f"{group}/video"
        dataset = file.create_dataset(place, (len(files),), h5py.vlen_dtype(np.int8))
        for row, content in enumerate(files):
            dataset[row] = content
        dataset.attrs["format"], dataset.attrs["channel_order"] = "png", "RGB"
        file[f"{group}/frame_numbers"] = np.array(numbers, np.int64)


def lsp_truth(labels: Labels) -> Labels:
    """Return labels with LSP's joints, of the first person of each image."""
    names = {"neck": "upper_neck"}
    order = [list(labels.keypoints).index(names.get(name, name)) for name in lsp_mat.JOINTS]
    images = []
    for image in labels.images:
        one = image.objects[0]
        chosen = LabeledObject(keypoints=one.keypoints[order], hidden=one.hidden[order])
        images.append(replace(image, objects=[chosen]))
    return replace(labels, keypoints=lsp_mat.JOINTS, images=images)


def write_lsp(labels: Labels, folder: Path, *, extended: bool) -> list[LabeledImage]:
    """Write `joints.mat` of LSP or LSPET and its images, and return them with their new paths."""
    (folder / "images").mkdir(parents=True)
    images = []
    for number, image in enumerate(labels.images, start=1):
        name = f"im{number:05d}.jpg" if extended else f"im{number:04d}.jpg"
        cv2.imwrite(str(folder / "images" / name), cv2.imread(str(image.path)))
        images.append(replace(image, path=folder / "images" / name))
    people = [image.objects[0] for image in images]
    points = np.stack([np.nan_to_num(one.keypoints, nan=-1) + 1 for one in people])  # (P, K, 2)
    flags = np.stack([one.labeled if extended else one.hidden for one in people])
    joints = np.concatenate([points, flags[..., None]], axis=2)
    axes = (1, 2, 0) if extended else (2, 1, 0)
    write_mat(folder / "joints.mat", {"joints": joints.transpose(axes)})
    return images


def write_release(labels: Labels, path: Path, videos: Sequence[float], tested: int = 0) -> None:
    """Write MPII's `.mat`, people's scale 1.5 and center at their box's; the last images are test.

    Args:
        labels: Of MPII's joints.
        path: The file.
        videos: Of each image.
        tested: How many images are for testing.
    """
    entries = []
    for image, video in zip(labels.images, videos, strict=True):
        people = []
        for one in image.objects:
            x, y = ((one.box[:2] + one.box[2:]) / 2 + 1).tolist()
            points = [
                dict(x=px + 1, y=py + 1, id=float(k), is_visible=float(not one.hidden[k]))
                for k, (px, py) in enumerate(one.keypoints.tolist())
                if px == px
            ]
            people.append(
                dict(
                    annopoints=struct([dict(point=struct(points))]),
                    scale=1.5,
                    objpos=struct([dict(x=x, y=y)]),
                )
            )
        entries.append(
            dict(
                image=struct([dict(name=image.path.name)]),
                annorect=struct(people),
                vididx=float(video),
            )
        )
    train = np.ones((1, len(entries)))
    train[0, len(entries) - tested :] = 0
    release = dict(annolist=struct(entries), img_train=train)
    write_mat(path, {"RELEASE": struct([release])})


def mpii_people(labels: Labels) -> list[dict[str, Any]]:
    """Return the people of `mpii_*.json`."""
    assert list(labels.keypoints) == list(mpii_mat.JOINTS)
    return [
        dict(
            image=image.path.name,
            center=((one.box[:2] + one.box[2:]) / 2 + 1).tolist(),
            scale=1.5,
            joints=np.where(one.labeled[:, None], one.keypoints + 1, -1).tolist(),
            joints_vis=one.labeled.astype(int).tolist(),
            visible=[int(not hidden) for hidden in one.hidden],
        )
        for image in labels.images
        for one in image.objects
    ]
