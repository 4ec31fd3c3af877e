"""Keep the files that an annotation file names inside of the dataset's folders."""

from __future__ import annotations

import os
from collections.abc import Sequence

from mmhg.errors import InputError


def is_inside(path: str, folders: Sequence[str]) -> bool:
    """Tell whether an absolute path without `..` is one of the folders, or lies below one."""
    return any(
        path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders
    )


def check_name(path: str, folders: Sequence[str], source: str) -> None:
    """Refuse a path that leaves the folders by its name: an absolute one, or by `..`.

    Args:
        path: The file, joined to its folder.
        folders: The dataset's.
        source: The annotation file, for messages.

    Raises:
        InputError: Names the file.
    """
    shown = path.replace("\0", "\\0")
    if shown != path:
        raise InputError(f"{source} names image {shown}, whose name has a NUL character")
    if "://" not in path and not is_inside(os.path.abspath(path), _absolute(folders)):
        raise InputError(
            f"{source} names image {path}, which lies outside of {' and '.join(_shown(folders))}. "
            "If you trust it, name a folder (data_root) that has all of its images"
        )


def check_links(path: str, folders: Sequence[str] | None) -> None:
    """Refuse a file that links lead out of the folders. The folders themselves may be links.

    Args:
        path: The file.
        folders: Where it may lie; None for a file that the user named, which may lie anywhere.

    Raises:
        InputError: Names the file, and where it really lies.
    """
    if folders is None or "://" in path or "\0" in path:
        return
    real = os.path.realpath(path)
    if is_inside(real, [os.path.realpath(folder) for folder in folders]):
        return
    where = f"outside of {' and '.join(_shown(folders))}"
    if real == os.path.abspath(path):
        raise InputError(f"{path} lies {where}")
    raise InputError(
        f"{path} is a link to {real}, {where}. If you trust it, add {os.path.dirname(real)!r} to "
        "the dataset's linked_folders"
    )


def _absolute(folders: Sequence[str]) -> list[str]:
    return [os.path.abspath(folder) for folder in folders]


def _shown(folders: Sequence[str]) -> list[str]:
    return [folder or "the current folder" for folder in folders]
