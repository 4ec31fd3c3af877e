"""Check that every form is timed with the plain one, on a tiny network."""

import sys
from types import ModuleType

import pytest
import torch

from mmhg.benchmark import inference
from mmhg.errors import InputError

pytestmark = pytest.mark.openvino

TINY = dict(size=64, channels=16, stem_channels=(4, 8, 8))


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a module with an implementation whose heatmaps are all zero."""
    module = ModuleType("somebody_elses")
    module.zeros = lambda num_stacks: (
        lambda images: (
            [torch.zeros(len(images), 16, images.shape[2] // 4, images.shape[3] // 4)] * num_stacks
        )
    )
    monkeypatch.setitem(sys.modules, "somebody_elses", module)
    return "somebody_elses:zeros"


def test_forms_and_peers_are_compared_with_the_plain_network(peer):
    table, *_ = inference.run(0, stacks=(2,), batches=(2,), compile_up_to=0, peers=[peer], **TINY)
    assert table.title == "2 stacks, 64 px, batch 2, cpu"
    rows = {row.name: row for row in table.rows}
    assert next(iter(rows)) == "plain" and rows["plain"].ratio == 1
    assert rows["fast"].goal == 1.65
    deviation = {name: float(row.note.split()[1]) for name, row in rows.items() if row.note}
    assert deviation["fast"] < 2e-5
    assert 1e-4 < deviation["fast, bfloat16"] < 0.1
    assert 0.1 < deviation[peer] <= 1
    for exported in {"ONNX Runtime", "OpenVINO"} & rows.keys():
        assert deviation[exported] < 2e-5


@pytest.mark.parametrize("name", ["no_such_module:network", "sys:no_such_name", "sys"])
def test_a_peer_that_is_not_there_is_named(name):
    with pytest.raises(InputError, match=f"--peer {name}: .* give module:callable"):
        inference.load_peer(name)
