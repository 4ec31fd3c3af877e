"""Installed packages are found with and without pkg_resources."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmhg.compat.package_lookup import get_installed_path, is_installed


def test_is_installed() -> None:
    assert is_installed("numpy")
    assert is_installed("mmpose")
    assert not is_installed("no_such_package")


def test_installed_path() -> None:
    import mmpose

    assert get_installed_path("mmpose") == str(Path(mmpose.__file__).parent)
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        get_installed_path("no_such_package")


def test_mmengine_works_without_pkg_resources(tmp_path: Path) -> None:
    """As with setuptools 81: pkg_resources cannot be found."""
    script = (
        "import importlib.util, sys\n"
        "sys.modules['pkg_resources'] = None\n"
        "find = importlib.util.find_spec\n"
        "hidden = lambda name, *a: None if name == 'pkg_resources' else find(name, *a)\n"
        "importlib.util.find_spec = hidden\n"
        "import mmhg, mmengine.utils, mmengine.config.config as config\n"
        "assert mmengine.utils.is_installed('mmpose')\n"
        "assert not config.is_installed('no_such_package')\n"
        "assert mmengine.utils.get_installed_path('mmpose').endswith('mmpose')\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, timeout=120)


def test_pkg_resources_stays_in_use_where_it_is_there() -> None:
    pytest.importorskip("pkg_resources", reason="this setuptools has no pkg_resources")
    import mmengine.utils

    assert mmengine.utils.is_installed is not is_installed


def test_the_deprecation_of_pkg_resources_is_not_passed_on() -> None:
    script = "import mmhg, mmpose.apis"
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, check=True, timeout=120, capture_output=True, text=True)
    assert "pkg_resources" not in result.stderr
