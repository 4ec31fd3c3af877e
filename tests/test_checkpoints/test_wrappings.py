"""Weights come out of the wrappings in which people save them."""

from typing import Any

import numpy as np
import pytest
import torch

from mmhg.checkpoints.wrappings import find_state, strip_wrappers, weights_for
from mmhg.errors import InputError

STATE = {"backbone.a.weight": torch.ones(2), "backbone.b.bias": torch.zeros(1)}
OPTIMIZER = {"state": {0: {"exp_avg": torch.ones(2)}}, "param_groups": [{"params": [0]}]}


@pytest.mark.parametrize(
    "content",
    [
        STATE,
        {"state_dict": STATE, "ema_state_dict": STATE, "optimizer": OPTIMIZER},
        {"model": STATE, "epoch": torch.tensor(3)},
        {"model_state_dict": STATE, "optimizer_state_dict": OPTIMIZER},
        {"state_dict": {"state_dict": STATE}},
        {"model": {"net": STATE, "name": "hg"}},
        {"pose": STATE, "optimizer": OPTIMIZER, "epoch": 3},
        {"model": "hg8", "weights": STATE},
    ],
)
def test_the_state_dict_is_found(content: dict[str, Any]) -> None:
    assert find_state(content) is STATE


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": STATE, "b": STATE}, "several dicts of tensors: 'a', 'b'. Save one"),
        ({"state_dict": [torch.ones(1)]}, "its state_dict is a list, not a dict"),
    ],
)
def test_what_is_no_state_dict_is_named(content: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_state(content)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("module.a.b", "a.b"),
        ("model.module.model.a.b", "a.b"),
        ("module.a._orig_mod.b", "a.b"),
        ("a._fsdp_wrapped_module.b._checkpoint_wrapped_module.c", "a.b.c"),
        ("mine.a.b", "mine.a.b"),
        ("module", "module"),
    ],
)
def test_wrappers_are_stripped(name: str, plain: str) -> None:
    assert strip_wrappers({name: 1}) == {plain: 1}


def test_a_prefix_of_part_of_the_names_stays() -> None:
    state = {"model.a.b": 1, "head.c": 2}
    assert strip_wrappers(state) == state


@pytest.mark.parametrize("prefix", ["", "module.", "lightning.pose.", "backbone._orig_mod."])
def test_weights_get_the_names_of_the_network(prefix: str) -> None:
    names = [name.removeprefix("backbone.") for name in STATE]
    for inner in ("", "backbone."):
        if prefix.startswith("backbone.") and inner:
            continue
        content = dict(zip([prefix + inner + name for name in names], STATE.values(), strict=True))
        assert list(weights_for(content, STATE)) == list(STATE)


def test_arrays_become_tensors() -> None:
    state = STATE | {"backbone.counter": torch.tensor(3)}
    arrays = {name: value.numpy() for name, value in state.items()}
    weights = weights_for({"state_dict": arrays}, state)
    assert all(torch.equal(weights[name], value) for name, value in state.items())
    for wrong, kind in ((np.array(["x"]), "array of <U1"), ("x", "str")):
        with pytest.raises(InputError, match=f"backbone.a.weight is a {kind}, not a tensor"):
            weights_for(STATE | {"backbone.a.weight": wrong}, STATE)


def test_weights_that_are_not_finite_are_refused() -> None:
    broken = {"backbone.a.weight": torch.tensor([1e5]).half()}
    message = r"1 of its 2 tensors are not finite, backbone\.a\.weight for example: the training"
    with pytest.raises(InputError, match=message):
        weights_for(STATE | broken, STATE)
    masked = STATE | {"backbone.mask": torch.tensor([-torch.inf])}
    assert weights_for(masked, masked)["backbone.mask"] == -torch.inf
