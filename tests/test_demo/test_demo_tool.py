"""`mmhg demo`: started as a user does, and what it says about bad input."""

import json
import os
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest
import torch

from mmhg_cli.command_line import main, parser


def test_it_serves_until_ctrl_c(trained, tmp_path):
    command = [
        sys.executable,
        "-m",
        "mmhg_cli",
        "demo",
        *map(str, trained),
        "--port",
        "0",
        "--max-upload",
        "1.5",
    ]
    with subprocess.Popen(
        [*command, "--device", "cpu"],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith("http://127.0.0.1:") and "(Ctrl-C ends it)" in line
            with urlopen(line.split()[0] + "api/about", timeout=60) as answer:  # noqa: S310
                about = json.load(answer)
            assert about["config"] == "narrow" and about["checkpoint"] == "narrow.pth"
            assert about["max_upload"] == 1_500_000
            assert about["examples"] == []
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_defaults():
    args = parser().parse_args(["demo", "config.py", "weights.pth"])
    assert (args.host, args.port, args.max_upload) == ("127.0.0.1", 7860, 20)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--max-upload", "0"], "--max-upload must be more than 0 MB, got 0"),
        (["--max-upload", "nan"], "--max-upload must be more than 0 MB, got nan"),
        (["--device", "abacus"], "device 'abacus' cannot be used"),
        (["--port", "99999"], "cannot listen at --host 127.0.0.1 --port 99999"),
    ],
)
def test_bad_flags(trained, capsys, flags, message):
    assert main(["demo", *map(str, trained), *flags]) == 2
    assert message in capsys.readouterr().err


def test_bad_checkpoints(trained, tmp_path, capsys):
    other, broken = tmp_path / "other.pth", tmp_path / "broken.pth"
    torch.save(dict(state_dict={"backbone.x": torch.zeros(1)}), other)
    broken.write_bytes(b"no checkpoint")
    for path, message in (
        (other, "other.pth is of another network than the config's"),
        (broken, "broken.pth cannot be loaded"),
        (tmp_path / "absent.pth", "absent.pth"),
    ):
        assert main(["demo", str(trained.config), str(path)]) == 2
        assert message in capsys.readouterr().err
