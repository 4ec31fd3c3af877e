"""Every `--help` answers from the standard library alone."""

import subprocess
import sys

import pytest

from mmhg_cli.command_line import COMMANDS, GROUPS, main, parser

HEAVY = ("mmhg", "torch", "mmengine", "mmpose", "mmcv", "numpy", "cv2", "matplotlib", "rich")

SHOW_ALL = f"""
import sys
from mmhg_cli import main
for words in {[[], *([*name.split()] for name in (*COMMANDS, *GROUPS))]!r}:
    try:
        main([*words, "--help"])
    except SystemExit as end:
        assert end.code == 0, words
loaded = {{name.partition(".")[0] for name in sys.modules}} & {set(HEAVY)!r}
assert not loaded, loaded
"""


def test_no_help_imports_anything_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW_ALL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("usage: mmhg") == 1 + len(COMMANDS) + len(GROUPS)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    assert [name for name in COMMANDS if f"\n    {name.split()[0]}" not in text] == []
    assert "exit status: 0 success; 1 some" in text


def test_python_m_and_version() -> None:
    command = [sys.executable, "-m", "mmhg_cli", "--version"]
    done = subprocess.run(command, capture_output=True, text=True)
    import mmhg

    assert (done.returncode, done.stdout) == (0, f"mmhg {mmhg.__version__}\n")


def test_one_spelling_of_each_shared_option() -> None:
    """Check that every command writes to `-o`, except for MMPose's own flags."""
    root = parser()
    for name in COMMANDS:
        sub = root
        for word in name.split():
            (commands,) = (a for a in sub._actions if hasattr(a, "add_parser"))
            sub = commands.choices[word]  # type: ignore[index,assignment]
        options = {option for action in sub._actions for option in action.option_strings}
        assert ("-o" in options) == ("--output" in options), name
        if name not in ("test", "browse"):
            assert not options & {"--out", "--output-dir", "--page", "--sheet"}, name


@pytest.mark.parametrize("words", [[], ["nosuch"], ["submit"], ["train", "--nosuch", "c.py"]])
def test_a_wrong_command_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "usage: mmhg" in capsys.readouterr().err
