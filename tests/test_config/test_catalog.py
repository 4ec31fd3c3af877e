"""Configs by name."""

import os
from pathlib import Path

import pytest

import mmhg
from mmhg.config.catalog import config_folder, config_names, find_config, get_config
from mmhg.errors import InputError

CONFIGS = Path(__file__).parents[2] / "configs"


def test_every_leaf_has_a_name() -> None:
    leaves = [path for path in CONFIGS.rglob("*.py") if "_base_" not in path.parts]
    assert config_names() == {path.stem: path for path in leaves}


@pytest.mark.parametrize("name", ["hg8_mpii_256", "hg8_mpii_256.py"])
def test_by_name_from_anywhere(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config(name) == CONFIGS / "hg8_mpii_256.py"
    assert mmhg.get_config(name).model.backbone.num_stacks == 8


def test_by_name_in_a_subfolder() -> None:
    assert get_config("cpm_head").model.head.type == "CPMHead"


def test_file_comes_before_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hg8_mpii_256.py").write_text("mine = True")
    assert get_config("hg8_mpii_256.py").mine
    assert get_config(tmp_path / "hg8_mpii_256.py").mine


def test_installed_configs_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmhg.config.catalog.PACKAGE", tmp_path / "mmhg")
    assert config_folder() == tmp_path / "configs"
    (tmp_path / "mmhg/.mim/configs").mkdir(parents=True)
    assert config_folder() == tmp_path / "mmhg/.mim/configs"


@pytest.mark.parametrize("name", ["hg8_mpi_256", "nosuch/hg8_mpii_256.py", "/nosuch/hg8_mpii_256"])
def test_unknown_name_lists_close_ones(name: str) -> None:
    with pytest.raises(InputError, match="Did you mean hg8_mpii_256") as caught:
        get_config(name)
    assert repr(name) in str(caught.value)


def test_unknown_name_like_no_other_lists_all(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        get_config(tmp_path)
    assert str(caught.value).endswith(f"There are {', '.join(config_names())}.")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = (", "SyntaxError: .*never closed"),
        ("a = 1 / 0", "ZeroDivisionError: division by zero"),
        ("_base_ = 'nosuch.py'", "FileNotFoundError: .*nosuch.py"),
        ("custom_imports = dict(imports=['nosuch_module'])", "ImportError: .*nosuch_module"),
    ],
)
def test_broken_config_is_named(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text + os.linesep)
    with pytest.raises(InputError, match=f"config {path} does not load: {reason}"):
        get_config(path)
