#!/bin/sh
# Makes the virtual environment that the Makefile works in: OpenMMLab's stack, mmhg (editable), test tools.
#
# Environment: PYTHON           a Python 3.10 to 3.13 (default: the first that fits on the PATH)
#              VENV             where the environment goes (default: .venv)
#              TORCH_INDEX_URL  an index to take torch alone from, for example one of CPU-only builds
# and pip's own (PIP_INDEX_URL, PIP_FIND_LINKS, ...).
#
# $VENV/mmhg-install.txt records the installation. While it runs, the file says "unfinished".
set -eu
cd "$(dirname "$0")/../.."

venv=${VENV:-.venv}
stamp=$venv/mmhg-install.txt
candidates="python3 python python3.11 python3.10 python3.12 python3.13"

fail() {
  printf 'make install: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '  %s\n' "$@" >&2
  exit 1
}

find_python() {
  for candidate in $candidates; do
    if "$candidate" tools/dev/check_python.py 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "make install: no Python here can make the environment:" >&2
  for candidate in $candidates; do
    "$candidate" -c '' 2>/dev/null || continue
    printf '  %s: ' "$candidate" >&2
    "$candidate" tools/dev/check_python.py || true
  done
  echo "Install a Python 3.10 to 3.13 and name it: make install PYTHON=/path/to/python3.11" >&2
  exit 1
}

python=${PYTHON:-}
if [ -n "$python" ]; then
  "$python" -c '' 2>/dev/null ||
    fail "PYTHON=$python does not run. Name a Python 3.10 to 3.13: make install PYTHON=python3.11"
  reason=$("$python" tools/dev/check_python.py 2>&1) ||
    fail "PYTHON=$python cannot make the environment." "$reason" \
      "Another can be named: make install PYTHON=/path/to/python3.11"
elif grep -qs '^python ' "$stamp" && "$venv/bin/python" -c '' 2>/dev/null; then
  python=$venv/bin/python
else
  python=$(find_python)
fi
# The interpreter behind a virtual environment: $python may lie in the environment that is to be remade.
python=$("$python" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))')

# Line 1 changes: the environment is made again. Line 2 changes: pip brings it up to date.
foundation="python $("$python" -c 'import platform; print(platform.python_version())') for $(pwd)"
wanted="$foundation
requirements $(cat requirements/*.txt pyproject.toml setup.py tools/dev/install.sh | cksum)"
[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || exit 0

if [ -e "$venv" ] && [ ! -e "$stamp" ] && [ -n "$(ls -A "$venv")" ]; then
  fail "$venv exists, and 'make install' did not make it." \
    "Remove it, or name another folder: make install VENV=.venv-mmhg"
fi

pip_install() {
  "$venv/bin/python" -m pip --disable-pip-version-check install "$@" || fail \
    "pip could not install what is needed: its own message is above." \
    "If there is no network here, name a mirror or a folder of wheels: PIP_INDEX_URL=URL make install, or" \
    "PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER make install. Otherwise call 'make install' again."
}

echo "Installing into $venv with $python: about a minute, downloads aside"
if [ "$(head -n 1 "$stamp" 2>/dev/null)" != "$foundation" ]; then
  mkdir -p "$venv"
  echo unfinished >"$stamp"
  find "$venv/" -mindepth 1 -maxdepth 1 ! -name mmhg-install.txt -exec rm -rf {} +
  echo "[1/4] virtual environment"
  "$python" -m venv "$venv" || fail "$python could not make a virtual environment in $venv (see above)."
fi
echo unfinished >"$stamp"
echo "[2/4] torch and the libraries"
if [ -n "${TORCH_INDEX_URL:-}" ]; then
  pip_install --no-deps --index-url "$TORCH_INDEX_URL" -r requirements/torch.txt
fi
pip_install -r requirements/torch.txt -r requirements/runtime.txt -r requirements/dev.txt
echo "[3/4] OpenMMLab's packages"
pip_install --no-deps --no-build-isolation --use-pep517 -r requirements/openmmlab.txt
echo "[4/4] mmhg"
pip_install --no-deps --no-build-isolation --editable .
"$venv/bin/python" -W ignore -c 'import mmhg' || fail "everything is installed, but mmhg does not import (see above)."
echo "$wanted" >"$stamp"
echo "Ready: $venv/bin/python"
