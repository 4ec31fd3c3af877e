"""mmengine asks `pkg_resources` what is installed, which setuptools 81 and later lack."""

import sys
import warnings
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path


def is_installed(package: str) -> bool:
    """Stand for `mmengine.utils.is_installed`, with the standard library alone."""
    try:
        distribution(package)
    except PackageNotFoundError:
        spec = find_spec(package)
        return spec is not None and spec.origin is not None
    return True


def get_installed_path(package: str) -> str:
    """Stand for `mmengine.utils.get_installed_path`: return the folder of an importable package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the package {package!r} is not installed here")
    return str(Path(spec.origin).parent)


def apply() -> None:
    """Replace mmengine's two look-ups, wherever it imported them, if pkg_resources is absent."""
    if find_spec("pkg_resources") is not None:
        # setuptools 67 to 80 say so at every import; only mmengine could do something about it.
        warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
        return
    import mmengine.config  # noqa: F401  (holds the functions by name)
    from mmengine.utils import package_utils

    for replacement in (is_installed, get_installed_path):
        original = getattr(package_utils, replacement.__name__)
        for name, module in list(sys.modules.items()):
            if name.startswith("mmengine.") and (
                vars(module).get(replacement.__name__) is original
            ):
                setattr(module, replacement.__name__, replacement)
