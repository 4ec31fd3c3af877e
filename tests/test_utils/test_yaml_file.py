"""YAML files, read as data."""

from pathlib import Path

import pytest

from mmhg.errors import InputError
from mmhg.utils.yaml_file import read_yaml


def test_any_unicode_encoding(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "a.yaml").write_text("é: [1, 2.5, null]\n", encoding=encoding)
        assert read_yaml(tmp_path / "a.yaml") == {"é": [1, 2.5, None]}


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.getcwd []",
        "a: !!python/name:os.system",
        "a: [",
        "a: 2001-99-99",
        "a: " + "9" * 5000,
        "[" * 2000 + "]" * 2000,
        "\x00",
        '!!int ""',
    ],
)
def test_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match=r"a.yaml is not YAML: "):
        read_yaml(tmp_path / "a.yaml")


def test_large_files_and_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("#" * 500_001)
    with pytest.raises(InputError, match="has 500,001 bytes"):
        read_yaml(tmp_path / "a.yaml")
    with pytest.raises(InputError, match="cannot read"):
        read_yaml(tmp_path / "none.yaml")
