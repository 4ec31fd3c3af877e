"""The packages that pip cannot be asked for: mmpose's own requirements no longer install."""

from importlib.util import find_spec

# mmdet 3.3.0 asserts mmcv < 2.2.0, and mmpose 1.3.2 imports mmdet; these four go together.
REQUIREMENTS = {
    "mmengine": "mmengine==0.10.7",
    "mmcv": "mmcv-lite==2.1.0",
    "mmdet": "mmdet==3.3.0",
    "mmpose": "mmpose==1.3.2",
}


def check_installed() -> None:
    """Raise an ImportError that names the command to run if a package of the stack is missing."""
    missing = [name for name in ("torch", *REQUIREMENTS) if find_spec(name) is None]
    if not missing:
        return
    steps = "pip install --no-deps " + " ".join(REQUIREMENTS.values())
    raise ImportError(
        f"mmhg needs {', '.join(missing)}, not installed here. In a clone of the project, "
        f"`make install` makes an environment with everything; in your own environment install "
        f"PyTorch (https://pytorch.org), requirements/runtime.txt, then `{steps}` "
        f"(--no-deps: mmpose requires chumpy, which no longer builds and is never imported)."
    )
