"""Find the configs that ship with mmhg by name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from mmengine.config import Config

from mmhg.errors import InputError

PACKAGE = Path(__file__).resolve().parents[1]


def config_folder() -> Path:
    """Return the folder of configs: in a wheel `mmhg/.mim/configs`, in a clone `configs`."""
    packaged = PACKAGE / ".mim" / "configs"
    return packaged if packaged.is_dir() else PACKAGE.parent / "configs"


def config_names() -> dict[str, Path]:
    """Return the path of every config by its name, such as `hg2_synthetic_128`, sorted."""
    folder = config_folder()
    paths = (path for path in folder.rglob("*.py") if "_base_" not in path.parts)
    return {path.stem: path for path in sorted(paths, key=lambda path: path.stem)}


def find_config(name: str | Path) -> Path:
    """Find the file `name`, or else mmhg's config of that name.

    Raises:
        InputError: There is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    names = config_names()
    stem = path.name.removesuffix(".py")
    if stem in names and path.parent == Path():
        return names[stem]
    matches = get_close_matches(stem, names)
    hint = f"Did you mean {' or '.join(matches)}?" if matches else f"There are {', '.join(names)}."
    raise InputError(f"no config file {str(name)!r}, and no config of mmhg has that name. {hint}")


def bases(*names: str) -> list[str]:
    """Return the paths of mmhg's configs, for a config that lies anywhere to build on.

    mmengine reads `_base_` before it imports anything, so such a config begins with:

        _base_ = __import__("mmhg").bases("default_runtime", "models/hourglass")

    Args:
        *names: Below `configs/_base_`, or of whole configs, such as `hg2_lspet_128`.

    Raises:
        InputError: There is no such config.
    """
    folder = config_folder() / "_base_"
    paths = ((name, folder / f"{name}.py") for name in names)
    return [str(path if path.is_file() else find_config(name)) for name, path in paths]


def get_config(name: str | Path) -> Config:
    """Load one of mmhg's configs by name, or any config by path.

    Args:
        name: Such as `hg2_synthetic_128` or `hg2_synthetic_128.py`, or the path of a file.

    Raises:
        InputError: There is no such config, or it does not load.
    """
    path = find_config(name)
    try:
        return Config.fromfile(path)
    except Exception as error:
        raise InputError(f"config {path} does not load: {type(error).__name__}: {error}") from error
