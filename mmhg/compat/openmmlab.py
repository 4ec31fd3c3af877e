"""Check for OpenMMLab's packages. pip cannot: mmpose's own requirements no longer install."""

from importlib.util import find_spec

# mmdet 3.3.0 asserts mmcv < 2.2.0, and mmpose 1.3.2 imports mmdet; these four go together.
REQUIREMENTS = {
    "mmengine": "mmengine==0.10.7",
    "mmcv": "mmcv-lite==2.1.0",
    "mmdet": "mmdet==3.3.0",
    "mmpose": "mmpose==1.3.2",
}


def missing_packages() -> list[str]:
    """Name the packages that cannot be imported, of torch and OpenMMLab's four."""
    return [name for name in ("torch", *REQUIREMENTS) if not is_there(name)]


def is_there(name: str) -> bool:
    """Tell whether a package is installed, and not kept from being imported."""
    try:
        found = find_spec(name) is not None
        if name == "mmengine" and found:  # the one that can be imported before `compat.apply`
            import mmengine  # noqa: F401
    except (ImportError, ValueError):
        return False
    return found


def check_installed() -> None:
    """Raise an ImportError that names the command to run if a package of the stack is missing."""
    missing = missing_packages()
    if not missing:
        return
    steps = "pip install --no-deps " + " ".join(REQUIREMENTS.values())
    raise ImportError(
        f"this part of mmhg needs {', '.join(missing)}, not installed here (mmhg.nn and "
        "mmhg.checkpoints need torch and numpy alone). In a clone of the project, "
        f"`make install` makes an environment with everything. In your own environment install "
        f"PyTorch (https://pytorch.org), requirements/runtime.txt, then `{steps}` "
        f"(--no-deps: mmpose requires chumpy, which no longer builds and is never imported)."
    )
