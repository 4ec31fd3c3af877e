"""Published results: those that ship, and what a file of them must not say."""

import json

import pytest

from mmhg.errors import InputError
from mmhg.evaluation.protocols import PROTOCOLS
from mmhg.results.published import BENCHMARKS, read_published

ROW = dict(
    name="A network",
    dataset="MPII",
    split="val",
    protocol="hrnet",
    testing=None,
    input_size=[192, 256],
    parameters=1.5,
    gmacs=None,
    scores={"Head": 97.0, "PCKh@0.5": 90.25},
    source="A paper, Table 1",
)


def write(folder, rows):
    path = folder / "rows.json"
    path.write_text(json.dumps(rows))
    return path


def test_every_published_result_says_what_it_is_and_where_it_stands():
    results = read_published()
    assert len(results) >= 30
    for result in results:
        legal = tuple(PROTOCOLS) if result.dataset == "MPII" else ("AP",)
        assert result.protocol in legal
        assert len(result.source) > 10
        assert result.total > 60
    kinds = [(r.dataset, r.split, r.name, r.input_size, r.source) for r in results]
    assert len(set(kinds)) == len(kinds)
    assert {kind[:2] for kind in kinds} == {
        (dataset, split) for dataset in ("MPII", "COCO") for split in BENCHMARKS[dataset].splits
    }


def test_hourglasses_of_others_are_there():
    rows = {(r.split, r.name, r.input_size): r for r in read_published()}
    size = (256, 256)
    teacher = rows["val", "Fast Pose Distillation, hourglass, 8 stacks", size]
    assert (teacher.scores["PCKh@0.5"], teacher.scores["PCKh@0.11"]) == (90.52, 38.275)
    slim = rows["val", "Fast Pose Distillation, hourglass, 4 stacks, 128 features", size]
    assert slim.total == 87.934
    dark = [rows["val", f"Hourglass, 8 stacks{more}", (96, 128)] for more in ("", " + DARK")]
    assert [row.scores["AP"] for row in dark] == [67.6, 70.8]


def test_mpiis_test_results_are_official_and_mmposes_follow_hrnet():
    by_split = {(r.dataset, r.split, r.name): r for r in read_published()}
    tested = [r for key, r in by_split.items() if key[:2] == ("MPII", "test")]
    assert {r.protocol for r in tested} == {"official"}
    assert by_split["MPII", "test", "HRNet-W32"].testing == "flip, six scales"
    assert by_split["MPII", "test", "Newell et al., 8 stacks"].testing == "flip"
    mmpose = [r for r in read_published() if "MMPose" in r.name and r.dataset == "MPII"]
    assert [(r.protocol, r.total, r.input_size) for r in mmpose] == [
        ("hrnet", 88.9, (256, 256)),
        ("hrnet", 89.4, (384, 384)),
    ]


def test_reads_unknown_as_none(tmp_path):
    (result,) = read_published(write(tmp_path, [ROW]))
    assert (result.testing, result.gmacs) == (None, None)
    assert (result.input_size, result.size_text) == ((192, 256), "192x256")
    assert result.total == 90.25
    (result,) = read_published(write(tmp_path, [{**ROW, "input_size": None}]))
    assert result.size_text == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": " "}, "source must be a text"),
        ({"dataset": "LSP"}, "dataset must be one of MPII, COCO, LSPET, got 'LSP'"),
        ({"split": "test-dev"}, "split must be one of val, test, got 'test-dev'"),
        ({"protocol": "AP"}, "protocol must be one of official"),
        ({"testing": 1}, "testing must be a text or null, got 1"),
        ({"parameters": 0}, "parameters must be a positive number or null, got 0"),
        ({"gmacs": "27"}, "gmacs must be a positive number or null, got '27'"),
        ({"input_size": [256]}, r"input_size must be \[width, height\] in px or null, got \[256\]"),
        ({"scores": {"Head": 97.0}}, "scores must hold at least PCKh@0.5"),
        ({"scores": {"PCKh@0.5": 190.0}}, "from 0 to 100, got PCKh@0.5: 190.0"),
        ({"scores": {"PCKh@0.5": 90.0, "AP": 70.0}}, "got AP: 70.0"),
        ({"year": 2016}, "must have exactly"),
    ],
)
def test_refuses_and_names_file_and_row(tmp_path, change, message):
    path = write(tmp_path, [ROW, {**ROW, **change}])
    with pytest.raises(InputError, match=message) as raised:
        read_published(path)
    assert f"{path}: row 1 (from 0), 'A network': " in str(raised.value)


def test_refuses_what_is_no_list(tmp_path):
    with pytest.raises(InputError, match="must be a list of results, got dict"):
        read_published(write(tmp_path, {}))
