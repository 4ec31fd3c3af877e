"""Studies: what is trained, what is passed over, and what the table says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from mmhg.errors import InputError
from mmhg.study import collect, queue, read_study, train_all, write_report
from mmhg.utils.files import read_json

CONTENT = {
    "configs": ["hg2_lspet_128"],
    "overrides": {"plain": {}, "wide": {"model.backbone.channels": 32}},
    "seeds": [0, 1],
    "options": {"train_cfg.max_epochs": 3},
    "metric": ["PCK", "AUC"],
}
TRAINING = r"""
import json, pathlib, re, sys, time
config, folder = pathlib.Path(sys.argv[1]).read_text(), pathlib.Path(sys.argv[2])
with open(folder / "starts", "a") as file:
    file.write("x")
time.sleep(float(sys.argv[3]))
seed = int(re.search(r"randomness = dict\(seed=(\d+)\)", config)[1])
channels = int(re.search(r"\bchannels=(\d+)", config)[1])
if (folder / "fail").exists():
    sys.exit(1)
results = {"PCK": 50.0 + 2 * seed + (channels == 32), "AUC": 20.0, "weights": "a1", "iteration": 9}
(folder / "results.json").write_text(json.dumps(results))
"""


def study_file(folder: Path, **changes: object) -> Path:
    path = folder / "widths.yaml"
    path.write_text(yaml.safe_dump(CONTENT | changes))
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def command(config: Path, folder: Path) -> list[str]:
        return [sys.executable, "-c", TRAINING, str(config), str(folder), "0"]

    monkeypatch.setattr(queue, "command", command)


def test_rows_seeds_and_settings(tmp_path: Path) -> None:
    study = read_study(study_file(tmp_path))
    assert [run.name for run in study.runs] == [
        "plain, seed 0",
        "wide, seed 0",
        "plain, seed 1",
        "wide, seed 1",
    ]
    config = study.runs[3].load()
    assert config.model.backbone.channels == 32
    assert config.train_cfg.max_epochs == 3
    assert config.randomness.seed == 1
    two = read_study(study_file(tmp_path, configs=["hg2_lspet_128", "hg2_lspet_256"], seeds=5))
    assert [run.name for run in two.runs][:2] == [
        "hg2_lspet_128, plain, seed 5",
        "hg2_lspet_128, wide, seed 5",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": []}, "metric must be different names, got []"),
        ({"seeds": [1, 1]}, "seeds must be different whole numbers"),
        ({"overrides": {"a": 3}}, "overrides.a must map settings to values, got 3"),
        ({"overrides": {"a/b": {}, "a b": {}}}, "two rows have the same"),
        ({"overrides": {"a": {"model.backbone": 3, "model.backbone.x": 1}}}, "do not fit"),
        ({"configs": ["hg2_lspet_12"]}, "Did you mean hg2_lspet_128"),
        ({"epochs": 3}, "must have configs and metric"),
    ],
)
def test_what_cannot_be_a_study_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as error:
        read_study(study_file(tmp_path, **changes))
    assert message in str(error.value)


def test_the_table_comes_from_result_files(
    quick: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = read_study(study_file(tmp_path))
    work = tmp_path / "work"
    (work / "wide/seed1").mkdir(parents=True)
    (work / "wide/seed1/fail").touch()

    assert train_all(study.runs, work, jobs=2) == [
        f"wide, seed 1: failed, see {work / 'wide/seed1/train.log'}"
    ]
    report = collect(study, work)
    assert report.scores("plain", "PCK") == [50.0, 52.0]
    assert report.scores("wide", "PCK") == [51.0]
    rows = [line.split() for line in report.to_table().splitlines()[2:]]
    assert rows[0][:7] == ["plain", "51.00", "±", "1.41", "20.00", "±", "0.00"]
    assert rows[1][:4] == ["wide", "51.00", "20.00", "1"]
    write_report(report, work)
    assert "Not run: wide, seed 1." in (work / "table.md").read_text()
    assert (work / "study.png").read_bytes()[:4] == b"\x89PNG"
    assert read_json(work / "study.json")["rows"]["plain"][1]["scores"]["PCK"] == 52.0

    # Started again: only the one that failed.
    (work / "wide/seed1/fail").unlink()
    assert train_all(study.runs, work, jobs=1) == []
    starts = {run.name: (work / run.folder / "starts").read_text() for run in study.runs}
    assert set(starts.values()) == {"x", "xx"} and starts["wide, seed 1"] == "xx"
    assert "finished" in capsys.readouterr().out


def test_results_of_other_settings_are_refused(quick: None, tmp_path: Path) -> None:
    study = read_study(study_file(tmp_path))
    train_all(study.runs[:1], tmp_path, jobs=1)
    other = read_study(study_file(tmp_path, options={"train_cfg.max_epochs": 4}))
    with pytest.raises(InputError, match="has a training with other settings"):
        train_all(other.runs, tmp_path, jobs=1)
    assert (tmp_path / "plain/seed0/starts").read_text() == "x"


def test_a_metric_that_was_not_measured_is_named(quick: None, tmp_path: Path) -> None:
    study = read_study(study_file(tmp_path, metric="PCKh"))
    train_all(study.runs[:1], tmp_path, jobs=1)
    with pytest.raises(InputError, match="has no 'PCKh': choose metric from PCK, AUC"):
        collect(study, tmp_path)


DRIVER = """
import sys
from pathlib import Path
from mmhg.study import queue, read_study, train_all
queue.command = lambda config, folder: [
    sys.executable, "-c", sys.argv[3], str(config), str(folder), "60"
]
train_all(read_study(Path(sys.argv[1])).runs, Path(sys.argv[2]), jobs=2)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_study_that_is_killed_leaves_no_second_training(
    quick: None, tmp_path: Path, how: signal.Signals
) -> None:
    words = [sys.executable, "-c", DRIVER, str(study_file(tmp_path)), str(tmp_path), TRAINING]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    starts = [tmp_path / row / "seed0/starts" for row in ("plain", "wide")]
    while not all(path.exists() for path in starts):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(how)
    process.wait()
    study = read_study(tmp_path / "widths.yaml")
    missing = train_all(study.runs, tmp_path, jobs=2)
    if how == signal.SIGKILL:  # its trainings go on, and hold their folders
        assert missing == [f"{row}, seed 0: another process trains it" for row in ("plain", "wide")]
        for pid in _holders(tmp_path):
            os.kill(pid, signal.SIGKILL)
    else:
        assert missing == []
    expected = "x" if how == signal.SIGKILL else "xx"
    assert [path.read_text() for path in starts] == [expected] * 2
    assert json.loads((tmp_path / "plain/seed1/record.json").read_text())["scores"]["PCK"] == 52.0


def _holders(folder: Path) -> list[int]:
    """Return the processes that have a path below `folder` in their command."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found
