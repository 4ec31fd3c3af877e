"""The wheel carries what mim and ``get_config`` look for, and works away from the clone."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("data", "work_dirs", "build", "dist", ".*", "*.egg-info", "__pycache__")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that a build leaves nothing in the real ones."""
    clone = tmp_path_factory.mktemp("clone") / "mmhg"
    return shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*LEFT_OUT))


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source archive, as `python -m build` does, so that archive is whole too."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(clone)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = out.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the Python path with the installed wheel."""
    site = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet"]
    subprocess.run([*command, "--target", str(site), str(wheel)], check=True)
    return site


def run_python(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in ``folder``, where mmhg is what the wheel installed."""
    environment = dict(os.environ, PYTHONPATH=str(site))
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    configs = {
        f"mmhg/.mim/{path.relative_to(ROOT)}"
        for path in (ROOT / "configs").rglob("*")
        if path.suffix in (".py", ".yml")
    }
    tools = {
        f"mmhg/.mim/{path.relative_to(ROOT)}"
        for path in (ROOT / "tools").rglob("*")
        if path.suffix in (".py", ".sh") and "dev" not in path.parts
    }
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "mmhg").rglob("*.py")}
    others = {
        "mmhg/py.typed",
        "mmhg/datasets/splits/mpii_val.txt",
        "mmhg/results/published.json",
        "mmhg/.mim/model-index.yml",
    }

    page = {str(path.relative_to(ROOT)) for path in (ROOT / "mmhg/demo/page").iterdir()}
    assert len(page) == 8

    package = {name for name in names if name.startswith("mmhg/")}
    assert package == configs | tools | modules | others | page
    assert not {name for name in names if name.startswith(("tests/", "tools/", "configs/"))}


def test_requires_nothing_that_pip_cannot_resolve(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        metadata = archive.read(name).decode()
    requirements = {
        line.removeprefix("Requires-Dist: ")
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist: ") and "; extra ==" not in line
    }
    assert requirements == {"h5py", "matplotlib", "numpy", "pillow", "rich", "scipy"}


def test_build_leaves_no_mim_folder_in_the_sources(clone: Path, wheel: Path) -> None:
    assert not (clone / "mmhg" / ".mim").exists()


def test_config_by_name_away_from_the_clone(site: Path, tmp_path: Path) -> None:
    code = (
        "import mmhg; cfg = mmhg.get_config('hg8_mpii_256'); "
        "print(mmhg.__file__, cfg.filename, cfg.model.backbone.num_stacks)"
    )
    result = run_python(site, tmp_path, "-W", "ignore", "-c", code)
    assert result.returncode == 0, result.stderr
    expected = ("__init__.py", ".mim/configs/hg8_mpii_256.py")
    assert result.stdout.split() == [*(str(site / "mmhg" / name) for name in expected), "8"]


def test_installed_train_tool_finds_a_config_by_name(site: Path, tmp_path: Path) -> None:
    train = str(site / "mmhg" / ".mim" / "tools" / "train.py")
    result = run_python(site, tmp_path, train, "hg2_synthetic_128")
    assert result.returncode == 2
    assert "data/synthetic/level1/annotations/mpii_train.json" in result.stderr.splitlines()[-1]
