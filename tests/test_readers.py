"""Every reader, of every kind of file, gives a result or our own error: a bounded `make fuzz`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.mutations import mutate
from fuzz.seeds import JSON, RAN, write_seeds
from fuzz.targets import TARGETS
from mmhg.errors import InputError

IN_PROCESS = {name: target for name, target in TARGETS.items() if not name.startswith("exported")}
"""Exported networks take seconds, and are attacked in tests/test_export/test_hostile.py."""

SLOW = {"people, MPII .h5", "people, FLIC .h5", "predictions, .h5"}
SLOW |= {"labels, DeepLabCut .h5", "labels, SLEAP"}
"""Each file is read in a process of its own."""

JSON_TARGETS = [name for name, target in IN_PROCESS.items() if {*target.seeds} <= {*JSON}]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inside: (
        st.lists(inside, max_size=5) | st.dictionaries(st.text(max_size=8), inside, max_size=4)
    ),
    max_leaves=12,
)

bounded = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="session")
def seeds(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("seeds")
    write_seeds(folder)
    return folder


def read(name: str, path: Path) -> None:
    """Read a file. Anything but a result or our own error fails the test."""
    target = IN_PROCESS[name]
    try:
        target.read(path)
    except (InputError, *target.own_errors) as error:
        assert str(error)


@pytest.mark.parametrize("name", IN_PROCESS)
def test_good_files_are_read_and_hostile_ones_refused(name, seeds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = ("code", "bomb", "huge", "external", "linked", ".pkl")
    for seed in IN_PROCESS[name].seeds:
        path = tmp_path / seed.replace("/", "_")
        if not (seeds / seed).exists():  # of an exported network
            continue
        path.write_bytes((seeds / seed).read_bytes())
        if any(word in seed for word in hostile):
            with pytest.raises(InputError, match=path.name):
                IN_PROCESS[name].read(path)
        else:
            IN_PROCESS[name].read(path)
    assert not (tmp_path / RAN).exists()


@pytest.mark.parametrize("name", sorted({*IN_PROCESS} - {"detector, header"}))
def test_mutated_files(name, seeds, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    @settings(bounded, max_examples=2 if name in SLOW else 15)
    @given(st.randoms(use_true_random=False), st.sampled_from(IN_PROCESS[name].seeds))
    def check(random, seed):
        path = tmp_path / seed
        path.write_bytes(mutate(seed, (seeds / seed).read_bytes(), random))
        read(name, path)

    check()
    assert not (tmp_path / RAN).exists()


@pytest.mark.parametrize("name", JSON_TARGETS)
def test_any_json(name, tmp_path):
    path = tmp_path / IN_PROCESS[name].seeds[0]
    good = JSON[path.name]
    first = good[0] if isinstance(good, list) else good
    entries = st.fixed_dictionaries({}, optional={key: VALUES for key in first})
    like_it = st.lists(entries, max_size=3) if isinstance(good, list) else entries

    @settings(bounded, max_examples=15)
    @given(VALUES | like_it)
    def check(content):
        path.write_text(json.dumps(content))
        read(name, path)

    check()
