"""mmcv-lite has no compiled operators, yet two of MMPose's heads import `mmcv.ops` at once."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NoReturn


class MissingOp:
    """A stand-in for one compiled operator, whose call raises ImportError."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ImportError(
            f"the compiled operator {self.name!r} of mmcv is not available: this environment has "
            "mmcv-lite. Uninstall mmcv-lite and install full mmcv==2.1.0 (built from source, "
            "`pip install --no-build-isolation mmcv==2.1.0`) to use it."
        )


class MissingExtension:
    """A stand-in for `mmcv._ext`, which `load_ext` returns, with a placeholder per operator."""

    def __init__(self, functions: Sequence[str]) -> None:
        for name in functions:
            setattr(self, name, MissingOp(name))


def load_missing_extension(name: str, functions: Sequence[str]) -> MissingExtension:
    """Stand for `mmcv.utils.ext_loader.load_ext` where the extension `mmcv.<name>` is missing."""
    return MissingExtension(functions)


def apply() -> None:
    """Let `mmcv.ops` import without `mmcv._ext`. Full mmcv is left alone."""
    # A fake mmcv._ext module would not do: mmengine would take mmcv-lite for the full one.
    if find_spec("mmcv._ext") is not None:
        return
    from mmcv.utils import ext_loader

    ext_loader.load_ext = load_missing_extension
