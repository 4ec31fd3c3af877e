"""`make lint` finds code that would run what a file holds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

RULES = {
    "exec(text)": "S102",
    "eval(text)": "S307",
    "import yaml; yaml.load(text)": "S506",
    "import pickle; pickle.loads(text)": "S301",
    "import pickle; pickle.Unpickler(text)": "S301",
    "import marshal; marshal.loads(text)": "S302",
    "import tempfile; tempfile.mktemp()": "S306",
    "import subprocess; subprocess.run(text, shell=True)": "S602",
    "run(text, shell=True)": "S604",
    "import os; os.system(text)": "S605",
    "import tarfile; tarfile.open(text).extractall()": "S202",
    "from xml.etree import ElementTree; ElementTree.parse(text)": "S314",
    "from pickle import loads": "TID251",
    "import dill": "TID251",
    "import torch; torch.load(text, weights_only=True)": "TID251",
    "from torch import jit; jit.load(text)": "TID251",
    "import torch; torch.export.load(text)": "TID251",
    "import numpy as np; np.load(text)": "TID251",
    "import h5py; h5py.File(text)": "TID251",
    "from scipy.io import loadmat": "TID251",
    "import mmengine; mmengine.load(text)": "TID251",
}


@pytest.mark.parametrize("code", RULES)
def test_ruff_has_a_rule_for_it(code):
    command = [sys.executable, "-m", "ruff", "check", "--output-format", "concise"]
    command += ["--config", str(ROOT / "pyproject.toml"), "--stdin-filename", "mmhg/some.py", "-"]
    text = code.replace("; ", "\n") + "\n"
    found = subprocess.run(command, input=text, capture_output=True, text=True, cwd=ROOT)
    assert found.returncode == 1
    assert f" {RULES[code]} " in found.stdout


def test_loads_that_may_run_code_are_found(tmp_path):
    (tmp_path / "good.py").write_text(
        "torch.load(path, weights_only=True)\nnp.load(path, allow_pickle=False)\n"
    )
    (tmp_path / "bad.py").write_text(
        "torch.load(path)\ntorch.load(path, weights_only=False)\nnp.load(path, allow_pickle=True)\n"
    )
    command = [sys.executable, str(ROOT / "tools/dev/check_loads.py")]
    good = subprocess.run([*command, str(tmp_path / "good.py")], capture_output=True, text=True)
    assert (good.returncode, good.stderr) == (0, "")
    bad = subprocess.run([*command, str(tmp_path / "bad.py")], capture_output=True, text=True)
    assert bad.returncode == 1
    lines = [line.rpartition("bad.py:")[2].partition(":")[0] for line in bad.stderr.splitlines()]
    assert lines == ["1", "2", "3"]


def test_make_lint_runs_both():
    text = (ROOT / "Makefile").read_text()
    assert "-m ruff check ." in text and "tools/dev/check_loads.py" in text
