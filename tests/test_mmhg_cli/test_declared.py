"""The parsers declare the same values as the package and MMPose, without importing them."""

from argparse import Action, ArgumentParser
from typing import Any, get_args

import pytest
from mmengine.runner import Runner

from mmhg import checkpoints, labels
from mmhg.checkpoints import shipped
from mmhg.datasets import mpii_converter
from mmhg.datasets.formats.flic import SideConvention
from mmhg.evaluation import protocols
from mmhg.export import formats
from mmhg.refinement import sheet
from mmhg.results import coco_submission
from mmhg.results.scoring.measures import METRICS
from mmhg.synthetic import LEVELS
from mmhg.utils.table import TableFormat
from mmhg_cli import checks, shared
from mmhg_cli.command_line import command
from mmhg_cli.commands import convert, export, score, submit_coco, synthetic_render, visualize
from mmhg_cli.mmpose_tools import load_mmpose_tool


@pytest.mark.parametrize(
    ("declared", "known"),
    [
        (convert.SOURCES, checkpoints.SOURCES),
        (convert.LAYOUTS, checkpoints.LAYOUTS),
        (export.FORMATS, formats.FORMATS),
        (command("import").FORMATS, labels.FORMATS),
        (score.SPLITS, mpii_converter.SPLITS),
        (score.PROTOCOLS, protocols.PROTOCOLS),
        (score.FORMATS, get_args(TableFormat)),
        (score.METRICS, METRICS),
        (score.SIDES, get_args(SideConvention)),
        (submit_coco.SPLITS, coco_submission.SPLITS),
        (synthetic_render.LEVELS, LEVELS),
    ],
)
def test_choices(declared: Any, known: Any) -> None:
    assert list(declared) == list(known)


def test_the_default_network() -> None:
    assert shared.DEFAULT_NETWORK == shipped.DEFAULT


def test_people_of_a_sheet() -> None:
    assert visualize.MOST_PEOPLE == sheet.MOST_PEOPLE


def declared(action: Action) -> tuple[object, ...]:
    """Describe the values of a flag, in words that can be compared."""
    choices = None if action.choices is None else list(action.choices)
    kind = "switch" if action.nargs == 0 else action.type or str
    return action.nargs, action.const, choices, kind, action.default


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("train", "train.py"),
        ("test", "test.py"),
        ("browse", "misc/browse_dataset.py"),
        ("publish", "misc/publish_model.py"),
    ],
)
def test_flags_are_those_of_the_installed_mmpose(
    name: str, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Seen(Exception):
        pass

    parsers = []

    def stop(parser: ArgumentParser, *args: object) -> None:
        parsers.append(parser)
        raise Seen

    tool = load_mmpose_tool(file)
    with monkeypatch.context() as patch, pytest.raises(Seen):
        patch.setattr(ArgumentParser, "parse_args", stop)
        tool.parse_args()
    ours = ArgumentParser()
    command(name).add_arguments(ours)
    (theirs,) = parsers
    theirs, ours = (
        {tuple(a.option_strings) or a.dest: a for a in p._actions} for p in (theirs, ours)
    )
    more = {
        "train": {("--no-preflight",)},
        "publish": {("--config",), ("--results",), ("--note",)},
    }
    assert set(ours) - set(theirs) == more.get(name, set())
    for key, action in theirs.items():
        assert ours[key].dest == action.dest
        if action.dest == "cfg_options":  # ours is parsed later
            assert ours[key].nargs == action.nargs
        elif action.dest == "checkpoint":  # ours may come with the config
            assert (ours[key].nargs, ours[key].default) == ("?", None)
        else:
            assert declared(ours[key]) == declared(action), key


def test_hooks_that_mmengine_leaves_out() -> None:
    runner = Runner.__new__(Runner)
    runner._hooks = []
    runner.register_default_hooks(dict.fromkeys(checks.MMENGINES_HOOKS))
    assert runner._hooks == []
