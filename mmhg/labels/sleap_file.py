"""Read the tables and the JSON of SLEAP's `.slp`, an HDF5 file, and check that they fit together.

The layout, and what its versions mean, are those of SLEAP's own reader, `sleap-io`. Skeletons are
written by jsonpickle, and are read as plain data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmhg.errors import InputError
from mmhg.utils.files import parse_json
from mmhg.utils.hdf5 import is_hdf5, read_hdf5

_METADATA, _VERSION = "metadata@json", "metadata@format_id"

_TABLES = {
    "frames": ("video", "frame_idx", "instance_id_start", "instance_id_end"),
    "instances": ("instance_type", "skeleton", "point_id_start", "point_id_end"),
    "points": ("x", "y", "visible"),
}
"""The columns that are read."""

_BY_USER = 0
"""`instance_type` of instances that a user has labeled; 1 is of those that a network predicts."""

_LINK, _SYMMETRY = 1, 2
"""Types of links between nodes."""

_NEXT_VERSION = 3
"""`sleap-io` refuses this format and later ones."""

_EMBEDDED = re.compile(r"video(\d+)/video")


@dataclass(frozen=True)
class Skeleton:
    """The keypoints of an instance.

    Args:
        names: Of the nodes.
        links: Pairs of indices.
        symmetries: Pairs of indices that change sides.
    """

    names: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    symmetries: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Instance:
    """One animal of a frame.

    Args:
        number: Its row.
        skeleton: Whose K nodes the points are.
        points: (K, 2) px, NaN where not labeled.
        invisible: How many points have a place though they are not visible.
    """

    number: int
    skeleton: Skeleton
    points: np.ndarray
    invisible: int


def is_sleap_file(path: Path) -> bool:
    """Tell if a file is a `.slp`, by its content. Nothing is raised, whatever it is."""
    try:
        if not path.is_file() or not is_hdf5(path):
            return False
        found = read_hdf5(path, [_METADATA, "videos_json[0:1]", "points[0:1]"])
    except (OSError, ValueError):
        return False
    return len(found) == 3


class SleapFile:
    """Say what a `.slp` has.

    Attributes:
        videos: The JSON objects of its videos.
        crops: By the number of a video, the left and top px of the part that was labeled.
        predicted: How many instances are predictions.

    Raises:
        InputError: It cannot be read, lacks something, or is of a later format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        fields = [f"{table}@field_names" for table in _TABLES]
        wanted = [*_TABLES, *fields, _METADATA, _VERSION, "videos_json", "video_crops"]
        content = read_hdf5(path, wanted)
        for name in (*_TABLES, _METADATA, _VERSION, "videos_json"):
            self._check(name in content, f"it has no {name}")
        version = content[_VERSION]
        self._check(version.dtype.kind in "iuf" and version.size == 1, f"{_VERSION} is no number")
        self._version = float(version.item())
        if not self._version < _NEXT_VERSION:
            raise InputError(
                f"{path} is of SLEAP's format {self._version:g}, which is newer than is read here. "
                "Save it by an earlier version of SLEAP"
            )
        self._columns = {name: self._table(content, name) for name in _TABLES}
        self._skeletons = self._read_skeletons(self._json(content[_METADATA].tolist()))
        self.videos = [self._json(one) for one in np.ravel(content["videos_json"]).tolist()]
        self._check(all(isinstance(one, dict) for one in self.videos), "videos_json has no objects")
        self.crops = self._read_crops(content.get("video_crops"))
        kinds = self._columns["instances"]["instance_type"]
        self.predicted = int((kinds != _BY_USER).sum())

    def frames(self) -> Iterator[tuple[int, int, list[Instance]]]:
        """Yield the number of the video, that of the frame, and the instances that a user labeled.

        Raises:
            InputError: Tables do not fit together.
        """
        frames, instances = self._columns["frames"], self._columns["instances"]
        self._check_ranges("frames", "instance_id", len(instances["skeleton"]))
        by_user = instances["instance_type"] == _BY_USER
        self._check_ranges("instances", "point_id", len(self._columns["points"]["x"]), by_user)
        number_of = self._video_numbers(frames["video"])
        rows = zip(*(frames[name].tolist() for name in _TABLES["frames"]), strict=True)
        for video, frame, start, end in rows:
            number = number_of.get(video, video)
            self._check(0 <= number < len(self.videos), f"it has no video {video}")
            yield number, frame, [self._instance(row) for row in range(start, end) if by_user[row]]

    def _instance(self, row: int) -> Instance:
        columns = self._columns["instances"]
        skeleton = int(columns["skeleton"][row])
        self._check(0 <= skeleton < len(self._skeletons), f"it has no skeleton {skeleton}")
        names = self._skeletons[skeleton].names
        rows = slice(columns["point_id_start"][row], columns["point_id_end"][row])
        x, y, visible = (self._columns["points"][name][rows] for name in _TABLES["points"])
        self._check(
            len(x) == len(names), f"instance {row} has {len(x)} points, its skeleton {len(names)}"
        )
        # Before format 1.1, 0 was the edge of the first pixel; since then it is its middle.
        points = np.column_stack([x, y]) - (0.5 if self._version < 1.1 else 0)
        placed = np.isfinite(points).all(axis=1)
        seen = placed & (visible != 0)
        points[~seen] = np.nan
        return Instance(row, self._skeletons[skeleton], points, int((placed & ~seen).sum()))

    def _table(self, content: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
        """Return the columns of a table; SLEAP's program for browsers writes one without names."""
        table = content[name]
        names = table.dtype.names
        columns = {one: table[one] for one in names or ()}
        if names is None and f"{name}@field_names" in content:
            found = self._json(content[f"{name}@field_names"].tolist())
            if table.ndim == 2 and isinstance(found, list) and len(found) == table.shape[1]:
                columns = {str(one): table[:, index] for index, one in enumerate(found)}
        chosen = {}
        for one in _TABLES[name]:
            column = columns.get(one, np.empty(0, object))
            self._check(
                column.dtype.kind in "iufb" and column.ndim == 1, f"{name} has no column {one}"
            )
            if name != "points":
                whole = np.isfinite(column) & (column == np.round(column))
                whole &= (column >= 0) & (column < 2**53)
                self._check(bool(whole.all()), f"{name} has a {one} that is no whole number")
                column = column.astype(np.int64)
            chosen[one] = column
        return chosen

    def _check_ranges(
        self, table: str, column: str, most: int, used: np.ndarray | None = None
    ) -> None:
        """Check that rows have parts of another table that follow one another."""
        starts, ends = (self._columns[table][f"{column}_{side}"] for side in ("start", "end"))
        if used is not None:
            starts, ends = starts[used], ends[used]
        inside = bool(((starts <= ends) & (ends <= most)).all())
        self._check(
            inside and int((ends - starts).sum()) <= most,
            f"{table} name rows {column} that there are not, or the same ones several times",
        )

    def _read_skeletons(self, metadata: Any) -> list[Skeleton]:
        try:
            names = [str(node["name"]) for node in metadata["nodes"]]
            return [_skeleton(one.get("nx_graph", one), names) for one in metadata["skeletons"]]
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise InputError(
                f"{self._path} is damaged: its skeletons cannot be read ({reason:.200})"
            ) from error

    def _read_crops(self, crops: np.ndarray | None) -> dict[int, tuple[float, float]]:
        if crops is None:
            return {}
        try:
            return {
                int(one["video"]): (float(one["crop"][0]), float(one["crop"][1]))
                for one in self._json(np.ravel(crops).tolist()[0])
            }
        except (IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise InputError(f"{self._path} is damaged: its crops cannot be read") from error

    def _video_numbers(self, used: np.ndarray) -> dict[int, int]:
        """Map what frames call videos to their rows: those that are embedded have numbers of their
        own in their names, as in `video15/video`.
        """
        if len(np.unique(used)) == len(self.videos) and used.max(initial=0) < len(self.videos):
            return {}
        numbers = {}
        for row, video in enumerate(self.videos):
            backend = video.get("backend")
            name = str(backend.get("dataset")) if isinstance(backend, dict) else ""
            embedded = _EMBEDDED.fullmatch(name[:40])
            numbers[int(embedded[1]) if embedded else row] = row
        return numbers

    def _json(self, text: Any) -> Any:
        self._check(isinstance(text, bytes), "it has no JSON where it should")
        return parse_json(text, f"JSON in {self._path}")

    def _check(self, whole: bool, problem: str) -> None:
        if not whole:
            raise InputError(f"{self._path} is damaged, or no SLEAP file: {problem}")


def _skeleton(graph: dict[str, Any], names: list[str]) -> Skeleton:
    """Read networkx's form of a graph. Nodes are numbers of names."""
    nodes = [_number(node["id"]) for node in graph["nodes"]]
    types: list[int] = []
    pairs: dict[int, list[tuple[int, int]]] = {_LINK: [], _SYMMETRY: []}
    for link in graph["links"]:
        kind = _type_of(link["type"], types)
        pair = nodes.index(_number(link["source"])), nodes.index(_number(link["target"]))
        some = pairs.get(kind, [])  # SLEAP's reader passes over other types, too
        if pair not in some and (kind == _LINK or pair[::-1] not in some):
            some.append(pair)
    if min(nodes, default=0) < 0:
        raise ValueError("a node has a negative number")
    return Skeleton(
        tuple(names[node] for node in nodes), tuple(pairs[_LINK]), tuple(pairs[_SYMMETRY])
    )


def _type_of(value: Any, types: list[int]) -> int:
    """Return a link's type, which jsonpickle writes once, and then by the number of its object."""
    if "py/reduce" in value:
        types.append(_number(value["py/reduce"][1]["py/tuple"][0]))
        return types[-1]
    number = _number(value["py/id"])
    return types[number - 1] if 0 < number <= len(types) else number


def _number(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r:.60} is no whole number")
    return value
