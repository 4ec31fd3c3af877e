"""The wheel carries what mim and `get_config` look for, and works away from the clone."""

import ast
import os
import re
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
    modules = {
        str(path.relative_to(ROOT))
        for package in ("mmhg", "mmhg_cli")
        for path in (ROOT / package).rglob("*.py")
    }
    others = {
        "mmhg/py.typed",
        "mmhg/datasets/splits/mpii_val.txt",
        "mmhg/results/published.json",
        "mmhg/.mim/model-index.yml",
    }

    page = {str(path.relative_to(ROOT)) for path in (ROOT / "mmhg/demo/page").iterdir()}
    assert len(page) == 8

    package = {name for name in names if ".dist-info/" not in name}
    weights = {str(path.relative_to(ROOT)) for path in (ROOT / "mmhg/weights").iterdir()}
    assert "mmhg/weights/hg2_lspet_128.safetensors" in weights

    assert package == configs | tools | modules | others | page | weights


def metadata(wheel: Path, name: str) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))
        return archive.read(path).decode()


def required(wheel: Path, extra: str | None = None) -> set[str]:
    """Names that pip installs for the wheel, or for an extra of it."""
    names = set()
    for line in metadata(wheel, "METADATA").splitlines():
        if line.startswith("Requires-Dist: "):
            requirement, _, marker = line.removeprefix("Requires-Dist: ").partition(";")
            if marker.strip() == (f'extra == "{extra}"' if extra else ""):
                names.add(re.split("[<>=]", requirement)[0])
    return names


def imported() -> set[str]:
    """Top-level names that the packages import, the standard library's and their own left out."""
    names = set()
    for file in (*(ROOT / "mmhg").rglob("*.py"), *(ROOT / "mmhg_cli").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"mmhg", "mmhg_cli"}


def test_requires_what_is_imported_and_pip_can_resolve(wheel: Path) -> None:
    # torch and OpenMMLab's packages: `import mmhg` checks for them. OpenCV has several packages.
    by_the_user = {"torch", "mmengine", "mmcv", "mmdet", "mmpose", "cv2"}
    with_onnx = {"google"}  # protobuf
    with_mmpose = {"torchvision", "xtcocotools"}  # or what mmhg.compat puts in their places
    needed = imported() - by_the_user - required(wheel, "export") - with_onnx - with_mmpose
    packages = {"PIL": "pillow", "yaml": "pyyaml"}
    assert {packages.get(name, name) for name in needed} == required(wheel)
    pinned = (ROOT / "requirements/runtime.txt").read_text().splitlines()
    assert required(wheel) <= {line.partition("==")[0] for line in pinned}


def test_extras_are_not_empty(wheel: Path) -> None:
    lines = metadata(wheel, "METADATA").splitlines()
    names = {line.split()[1] for line in lines if line.startswith("Provides-Extra: ")}
    assert names == {"export"}
    assert all(required(wheel, name) for name in names)


def test_console_script(wheel: Path) -> None:
    assert metadata(wheel, "entry_points.txt").split("\n")[:2] == [
        "[console_scripts]",
        "mmhg = mmhg_cli:main",
    ]


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
