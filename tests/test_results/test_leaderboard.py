"""The leaderboard: our rows come from result files alone, published ones from theirs."""

import json

import pytest

from mmhg.config.catalog import config_names
from mmhg.errors import InputError
from mmhg.results.leaderboard import leaderboard, own_results
from mmhg.results.published import Result

NAMES = ("hg1_mpii_256", "hg2_lspet_128", "hg8_coco_256x192")
MPII = {"iteration": 7, "protocol": "official", "PCKh@0.5": 88.04, "Head": None, "Wrist": 84.0}
COCO = {"iteration": 7, "coco/AP": 0.7216, "coco/AP .5": 0.9, "coco/AP (M)": -1.0}
LSPET = {"side_convention": "person-centric", "PCK@0.2": 61.5, "AUC": 33.3, "Wrist": None}


@pytest.fixture(autouse=True)
def two_configs(monkeypatch):
    names = {name: path for name, path in config_names().items() if name in NAMES}
    names |= {name: path for name, path in config_names().items() if "synthetic" in name}
    monkeypatch.setattr("mmhg.results.leaderboard.config_names", lambda: names)


def write(folder, **results):
    for name, content in results.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def row(page, name):
    (line,) = (line for line in page.splitlines() if line.startswith(f"| {name} "))
    return [cell.strip() for cell in line.strip("|").split("|")]


def published(name, total, **changes):
    facts = dict(dataset="MPII", split="val", protocol="hrnet", testing="flip", source="A paper")
    facts |= dict(input_size=None, parameters=None, gmacs=None, scores={"PCKh@0.5": total})
    return Result(name=name, **{**facts, **changes})


def test_a_config_without_a_result_has_no_row(tmp_path):
    assert own_results(tmp_path) == []
    page = leaderboard([], [published("good", 90.0)])
    assert "mpii_256" not in page
    assert [part.splitlines()[0] for part in page.split("\n## ")[1:]] == [
        "MPII, validation",
        "Sources",
    ]


def test_lspet_has_a_table_of_its_own(tmp_path):
    page = leaderboard(own_results(write(tmp_path, hg2_lspet_128=LSPET)), [])
    assert "## LSPET, people 0, 10, 20, ... held out" in page
    link = "[results](results/hg2_lspet_128.json)"
    facts = ["**`hg2_lspet_128`**", "person-centric", "flip", "128x128", link, "1.6", "0.5"]
    assert row(page, "**`hg2_lspet_128`**") == [*facts, "61.5", "33.3"]


def test_result_files_fill_our_rows(tmp_path):
    own = own_results(write(tmp_path, hg1_mpii_256=MPII, hg8_coco_256x192=COCO))
    assert own[0].scores == {"Wrist": 84.0, "PCKh@0.5": 88.04}
    page = leaderboard(own, [])
    link = "[results](results/hg1_mpii_256.json)"
    facts = ["**`hg1_mpii_256`**", "official", "flip", "256x256", link, "3.4", "5.2"]
    assert row(page, "**`hg1_mpii_256`**") == [*facts, "84.0", "88.0"]
    coco = row(page, "**`hg8_coco_256x192`**")
    assert coco[1:4] == ["AP", "flip", "192x256"]
    assert coco[7:9] == ["72.2", "90.0"]


def test_the_scales_of_a_test_stand_under_testing(tmp_path):
    scaled = {**MPII, "protocol": "official, multi-scale 0.8 1 1.2"}
    page = leaderboard(own_results(write(tmp_path, hg1_mpii_256=scaled)), [])
    assert row(page, "**`hg1_mpii_256`**")[1:3] == ["official", "flip, multi-scale 0.8 1 1.2"]


def test_the_best_comes_first(tmp_path):
    others = [published("good", 90.0), published("bad", 70.0), published("best | of all", 91.0)]
    own = own_results(write(tmp_path, hg1_mpii_256=MPII))
    page = leaderboard(own, [*others, published("elsewhere", 99.0, split="test")])
    _, validation, test, sources = page.split("\n## ")
    names = [
        line[2:].split(" | ")[0].rstrip(" |")
        for line in validation.splitlines()
        if line.startswith("| ")
    ]
    assert names[1:] == [r"best \| of all", "good", "**`hg1_mpii_256`**", "bad"]
    facts = ["elsewhere", "hrnet", "flip", "", "[1](#sources)", "", "", "99.0"]
    assert row(test, "elsewhere") == facts
    assert sources == "Sources\n\n1. A paper\n"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "hg9_mpii_256",
            MPII,
            "hg9_mpii_256.json belongs to no config of mmhg for MPII, COCO, LSPET",
        ),
        ("hg1_mpii_256", [], "must be a results.json of training, got list"),
        ("hg1_mpii_256", COCO, "a number as PCKh@0.5, got 'None' and None"),
        ("hg1_mpii_256", {**MPII, "protocol": "mine"}, "got 'mine' and 88.04"),
        ("hg1_mpii_256", {**MPII, "PCKh@0.5": None}, "got 'official' and None"),
        ("hg2_lspet_128", {**LSPET, "side_convention": "observer-centric"}, "got 'observer-c"),
        ("hg8_coco_256x192", {**COCO, "coco/AP": -1.0}, "a number as coco/AP, got 'AP' and -1.0"),
    ],
)
def test_refuses_files_of_another_kind(tmp_path, name, content, message):
    write(tmp_path, **{name: content})
    with pytest.raises(InputError, match=message) as raised:
        own_results(tmp_path)
    assert f"{name}.json" in str(raised.value)


def test_refuses_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"the folder of results .*nosuch does not exist"):
        own_results(tmp_path / "nosuch")
