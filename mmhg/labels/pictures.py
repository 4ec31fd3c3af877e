"""Find the pictures that labels name, and measure them."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from mmhg.errors import InputError
from mmhg.pictures import Header, check_regular, read_header
from mmhg.utils.inside import is_inside

SUFFIXES = frozenset(
    f".{kind}"
    for kind in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "bmp", "dib", "gif", "avif"),
        *("jp2", "j2k", "mpo", "ppm", "pgm", "pbm", "pnm", "ras"),
    )
)
"""Of files that are pictures, in small letters."""

_MOST_FILES = 2_000_000
"""Files below a folder that are looked through."""

_MOST_FOLDERS = 16
"""Folders of a name that are looked for."""


class Pictures:
    """Find pictures below a folder by the names that a tool has written.

    A name may be a path of another machine: `C:\\\\data\\\\run 1\\\\a.jpg` is looked for as
    `data/run 1/a.jpg`, `run 1/a.jpg` and `a.jpg`, in each of the folders. At last the one file of
    its name that lies anywhere below `root` is taken, if no other picture has the name. Files
    outside of `root` are never taken.

    Args:
        source: The labels, for messages.
        root: The folder that all pictures lie in.
        folders: Where in it they may be, the most likely first. By default `root`.
        alike: How names are made alike before the last comparison.
    """

    def __init__(
        self,
        source: Path,
        root: Path,
        folders: Sequence[Path] = (),
        alike: Callable[[str], str] = str,
    ) -> None:
        self.root = root
        self._source = source
        self._folders = list(folders) or [root]
        self._alike = alike

    def find(self, names: Sequence[Sequence[str]]) -> list[Path]:
        """Return the file of each picture.

        Args:
            names: For each picture the names that it may have, the most likely first.

        Raises:
            InputError: Some are missing, two are the same file, or one is a link to elsewhere.
        """
        self._check_root()
        found = [self._by_path(some) for some in names]
        if None in found:
            wanted = defaultdict(set)
            for number, some in enumerate(names):
                for name in some:
                    wanted[self._alike(_parts(name)[-1:][0])].add(number)
            found = [
                path or self._by_name(some, wanted) for path, some in zip(found, names, strict=True)
            ]
        missing = [some[0] for path, some in zip(found, names, strict=True) if path is None]
        if missing:
            places = ", ".join(map(str, self._folders[:3]))
            raise InputError(
                f"{self._source}: {len(missing)} of {len(names)} pictures are missing, the first "
                f"is {missing[0]!r:.200}. Looked for in {places}. Give the folder of the pictures "
                "by --images"
            )
        paths = [path for path in found if path is not None]
        self._check_files(paths, names)
        return paths

    def _check_root(self) -> None:
        for folder in self._folders:
            if not folder.is_dir():
                raise InputError(f"{folder} is no folder. Give the folder of the pictures")

    def _by_path(self, names: Sequence[str]) -> Path | None:
        """Return the file whose path ends like one of the names."""
        for name in names:
            parts = _parts(name)
            for start in range(len(parts)):
                for folder in self._folders:
                    path = os.path.join(folder, *parts[start:])
                    for candidate in _with_suffixes(path):
                        if os.path.isfile(candidate):
                            return Path(candidate)
        return None

    def _by_name(self, names: Sequence[str], wanted: dict[str, set[int]]) -> Path | None:
        """Return the only file of one of the names, which no other picture has."""
        for name in names:
            alike = self._alike(_parts(name)[-1:][0])
            for candidate in _with_suffixes(alike):
                files = self._files.get(candidate, [])
                if len(files) == 1 and len(wanted[alike]) == 1:
                    return files[0]
        return None

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """All pictures below the folders, by their names made alike."""
        found: dict[str, list[Path]] = defaultdict(list)
        count = 0
        tops = [self.root] if self.root in self._folders else self._folders
        for folder, _, files in chain.from_iterable(map(os.walk, tops)):
            count += len(files)
            if count > _MOST_FILES:
                raise InputError(
                    f"{self.root} has more than {_MOST_FILES:,} files. Give the folder of the "
                    "pictures by --images"
                )
            for file in filter(is_picture, files):
                if (path := Path(folder, file)) not in (known := found[self._alike(file)]):
                    known.append(path)
        return found

    def _check_files(self, paths: Sequence[Path], names: Sequence[Sequence[str]]) -> None:
        """Refuse a file that is two pictures, and one that a link leads out to."""
        roots = [os.path.realpath(self.root)]
        first: dict[Path, str] = {}
        for path, some in zip(paths, names, strict=True):
            if path in first:
                raise InputError(
                    f"{self._source} names {first[path]!r:.200} and {some[0]!r:.200}, for both of "
                    f"which there is only {path}. Give the folder that has both by --images, or "
                    "list the picture once"
                )
            first[path] = some[0]
            if not is_inside(real := os.path.realpath(path), roots):
                raise InputError(
                    f"{path} is a link to {real}, outside of {self.root}. If you trust it, give "
                    "the folder of the pictures by --images"
                )


def is_picture(name: str) -> bool:
    """Tell if a file's name is that of a picture; hidden files are none."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES


def measure(path: Path) -> Header:
    """Return a picture's header.

    Raises:
        InputError: It cannot be read, is no picture, or is too large.
    """
    try:
        check_regular(str(path))
        with path.open("rb") as file:
            header = read_header(file, str(path))
    except OSError as error:
        raise InputError(f"cannot read image {path} ({error.strerror or error})") from error
    if header is None:
        raise InputError(f"{path} is not a picture that can be read. Make it again, or remove it")
    return header


def existing(folders: Iterable[Path]) -> list[Path]:
    """Return those folders that there are, each once."""
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _parts(name: str) -> list[str]:
    """Return a name's folders and file, of any system, after the last `..`; never none."""
    parts = [part for part in re.split(r"[/\\]+", name) if part not in ("", ".")]
    while ".." in parts:
        parts = parts[parts.index("..") + 1 :]
    parts = [part for part in parts[-_MOST_FOLDERS:] if not part.endswith(":")]  # C:, https:
    return parts or ["\0"]  # which no file is called


def _with_suffixes(path: str) -> list[str]:
    """Return a path; without a picture's suffix (video frames of CVAT) also with each of them."""
    if os.path.splitext(path)[1].lower() in SUFFIXES:
        return [path]
    kinds = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".webp")
    return [path, *(path + kind for kind in kinds), *(path + kind.upper() for kind in kinds)]
