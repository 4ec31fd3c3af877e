"""The placeholder for torchvision is there for one import and no longer."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

from mmhg.compat.torchvision_import import ToPILImage, torchvision_works


def test_the_placeholder_says_what_to_install() -> None:
    with pytest.raises(ImportError, match="torchvision"):
        ToPILImage()


@pytest.mark.skipif(torchvision_works(), reason="torchvision works here: nothing is replaced")
def test_nothing_else_sees_a_placeholder() -> None:
    import mmpose.visualization.simcc_vis as simcc

    assert simcc.ToPILImage is ToPILImage
    assert "torchvision" not in sys.modules
    if find_spec("torchvision") is None:
        with pytest.raises(ImportError):
            import torchvision  # noqa: F401


def test_a_broken_torchvision_is_passed_over(tmp_path) -> None:
    """PyPI's torchvision beside a CPU-only torch fails so."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import mmhg, mmpose.visualization.simcc_vis as simcc\n"
        "assert simcc.ToPILImage.__module__ == 'mmhg.compat.torchvision_import'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=120)


def test_a_working_torchvision_is_used(tmp_path) -> None:
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "transforms.py").write_text("class ToPILImage: pass\n")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import mmhg, mmpose.visualization.simcc_vis as simcc\n"
        "assert simcc.ToPILImage.__module__ == 'torchvision.transforms'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=120)
