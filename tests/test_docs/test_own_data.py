"""The worked example of docs/own_data.md, run as it stands, on fewer faces."""

import json
import runpy
from pathlib import Path

import pytest

from mmhg_cli import main
from test_docs.pages import ROOT, code_blocks

PAGE = ROOT / "docs/own_data.md"


def block(language: str, title: str = "") -> str:
    (found,) = [code for rest, code in code_blocks(PAGE, language) if title in rest]
    return found


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the faces that the page's script draws."""
    monkeypatch.chdir(tmp_path)
    Path("make_faces.py").write_text(block("python", 'title="make_faces.py"'), encoding="utf-8")
    runpy.run_path("make_faces.py")
    return tmp_path


def test_annotations_of_the_page_have_the_form_of_those_drawn(example: Path) -> None:
    page, drawn = json.loads(block("json")), json.loads(Path("data/faces/labels.json").read_text())
    assert page["categories"] == drawn["categories"]
    for kind in ("images", "annotations"):
        assert page[kind][0].keys() == drawn[kind][0].keys()
    [person] = page["annotations"]
    assert person["num_keypoints"] == sum(flag > 0 for flag in person["keypoints"][2::3])


def test_import_says_and_writes_what_the_page_shows(
    example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["import", "data/faces/labels.json", "-o", "data/mine"]) == 0
    assert block("text").strip() in capsys.readouterr().out
    config = Path("data/mine/config.py").read_text()
    assert block("python", 'title="data/mine/config.py"').strip() == config.strip()
    drawn = json.loads(Path("data/faces/labels.json").read_text())
    written = [json.loads(Path(f"data/mine/{name}.json").read_text()) for name in ("train", "val")]
    keypoints = {
        image["file_name"]: person["keypoints"]
        for content in (drawn, *written)
        for image, person in zip(content["images"], content["annotations"], strict=True)
    }
    assert [len(content["images"]) for content in (drawn, *written)] == [240, 204, 36]
    for image, person in zip(drawn["images"], drawn["annotations"], strict=True):
        assert keypoints[image["file_name"]] == pytest.approx(person["keypoints"], abs=1e-3)
