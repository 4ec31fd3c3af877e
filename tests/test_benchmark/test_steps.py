"""Steps are done once, and repeated where they failed, were cut or have other settings."""

import json
import os
from importlib import import_module
from pathlib import Path

import pytest

from mmhg.benchmark.steps import Step, run_steps
from mmhg.errors import InputError

HERE = {"GPU": "made"}


class Call:
    """A step's function that counts its calls, and what it found in its folder."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error, self.calls, self.found = error, 0, 0

    def __call__(self, folder: Path, **settings: int) -> dict:
        self.calls += 1
        self.found = len([*folder.iterdir()])
        (folder / str(self.calls)).touch()
        if self.error:
            raise self.error
        return {"sum": sum(settings.values())}


def run(folder: Path, *steps: Step, machine: dict = HERE, **settings) -> dict:
    pages: list[str] = []
    report = run_steps(
        steps, folder, machine, lambda r: pages.append(str(r)), isolated=False, **settings
    )
    assert not pages or pages[-1] == str(report)
    return report["steps"]


def test_what_is_done_is_not_repeated_unless_its_settings_or_the_machine_change(tmp_path):
    first, second = Call(), Call()
    steps = [Step("a", first, {"x": 1}), Step("b c", second, {"x": 2})]
    for _ in range(2):
        done = run(tmp_path, *steps)
        assert [done[name]["result"] for name in ("a", "b c")] == [{"sum": 1}, {"sum": 2}]
    assert json.loads((tmp_path / "results.json").read_text())["steps"] == done
    assert (first.calls, second.calls) == (1, 1)
    assert (tmp_path / "b-c/1").exists()

    assert run(tmp_path, steps[0], Step("b c", second, {"x": 5}))["b c"]["result"] == {"sum": 5}
    assert (first.calls, second.calls, second.found) == (1, 2, 0)  # in an empty folder
    assert set(run(tmp_path, Step("d", first))) == {"a", "b c", "d"}  # earlier results stay
    other = {"GPU": "another"}
    assert set(run(tmp_path, steps[0], machine=other)) == {"a"}
    assert first.calls == 3


def test_failures_are_noted_and_tried_again_and_others_go_on(tmp_path):
    bad, bug, good = Call(InputError("no data")), Call(KeyError("x")), Call()
    steps = [Step("bad", bad), Step("bug", bug), Step("good", good)]
    done = run(tmp_path, *steps)
    assert (done["bad"]["state"], done["bad"]["error"]) == ("failed", "no data")
    assert "KeyError: 'x'" in done["bug"]["error"] and "Traceback" in done["bug"]["error"]
    assert done["good"]["state"] == "done"
    bad.error = None
    again = run(tmp_path, *steps)
    assert (again["bad"]["state"], again["bug"]["state"]) == ("done", "failed")
    assert "error" not in again["bad"]
    assert (bad.calls, bad.found, good.calls) == (2, 1, 1)


def test_a_cut_step_goes_on_in_its_folder(tmp_path):
    before, cut, after = Call(), Call(KeyboardInterrupt()), Call()
    steps = [Step("before", before), Step("cut", cut), Step("after", after)]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, *steps)
    states = {k: v["state"] for k, v in read(tmp_path).items()}
    assert states == {"before": "done", "cut": "started", "after": "to do"}
    cut.error = None
    assert {v["state"] for v in run(tmp_path, *steps).values()} == {"done"}
    assert (before.calls, cut.calls, cut.found) == (1, 2, 1)


@pytest.mark.slow
def test_a_crash_ends_one_step_alone(tmp_path, monkeypatch):
    (tmp_path / "crashing.py").write_text("import os\ndef crash(folder): os._exit(9)\n")
    monkeypatch.syspath_prepend(tmp_path)
    steps = [Step("crash", import_module("crashing").crash), Step("works", os.listdir)]  # type: ignore[arg-type]
    done = run_steps(steps, tmp_path, HERE, lambda report: None)["steps"]
    assert done["crash"]["state"] == "failed"
    assert done["crash"]["error"] == "its process was killed; is there enough memory?"
    assert (done["works"]["state"], done["works"]["result"]) == ("done", [])


def test_only_some_steps(tmp_path):
    first, second = Call(), Call()
    steps = [Step("a", first), Step("b", second)]
    assert run(tmp_path, *steps, only=["b"])["a"]["state"] == "to do"
    assert (first.calls, second.calls) == (0, 1)
    run(tmp_path, *steps)
    assert (first.calls, second.calls) == (1, 1)


def read(folder: Path) -> dict:
    return json.loads((folder / "results.json").read_text())["steps"]
