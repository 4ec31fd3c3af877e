"""The tools of a clone are the commands of `mmhg`."""

import re
from pathlib import Path

from mmhg_cli.command_line import COMMANDS

TOOLS = Path(__file__).parents[2] / "tools"
LINES = 9


def test_every_command_has_one_tool_without_logic() -> None:
    called = []
    for path in TOOLS.rglob("*.py"):
        if "dev" in path.relative_to(TOOLS).parts:
            continue
        source = path.read_text(encoding="utf-8")
        (words,) = re.findall(r"sys\.exit\(main\(\[(.*), \*sys\.argv\[1:\]\]\)\)", source)
        called.append(words.replace('"', "").replace(",", ""))
        assert f'"""`mmhg {called[-1]}`."""' in source
        assert len(source.splitlines()) == LINES
    assert sorted(called) == sorted(COMMANDS)
