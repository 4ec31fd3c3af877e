"""A training that was killed and resumed ends with the weights of one that was not, to the bit."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from torch import Tensor

from mmhg.engine.resuming.random_states import random_states, restore_random_states
from mmhg.errors import InputError
from test_engine.test_resuming.conftest import EPOCHS, assert_equal, build, saved, weights

Train = Callable[..., Runner]

LAST = f"epoch_{EPOCHS}.pth"
CUTS = [
    ("after_train_iter", 5),  # within an epoch: batch norm, momentum and the averages have moved
    ("before_save_checkpoint", 4),  # before the third epoch is saved
    ("before_val", 2),  # saved, not validated
    ("after_val_iter", 5),
    ("after_val_epoch", 3),  # before the best checkpoint
    ("after_val", EPOCHS - 1),  # saved and validated
    ("before_val", EPOCHS),  # after the last epoch
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    build(folder).train()
    return folder


def state(path: Path) -> tuple[dict[str, Tensor], dict]:
    info = torch.load(path, weights_only=True)["message_hub"]["runtime_info"]
    return weights(path), {key: info[key] for key in ("best_score", "keep_ckpt_ids")}


@pytest.mark.parametrize(("stage", "count"), CUTS)
def test_a_resumed_training(
    stage: str, count: int, whole: Path, train: Train, tmp_path: Path
) -> None:
    train(tmp_path, stage, count)
    assert LAST not in saved(tmp_path) or count == EPOCHS
    torch.rand(count)  # the resumed process is in another state
    train(tmp_path, resume=True)
    found, expected = state(tmp_path / LAST), state(whole / LAST)
    assert_equal(found[0], expected[0])
    assert found[1] == expected[1]
    assert saved(tmp_path) == saved(whole)


@pytest.mark.parametrize("cut", [False, True])
def test_any_number_of_workers(cut: bool, whole: Path, train: Train, tmp_path: Path) -> None:
    if cut:
        train(tmp_path, "before_val", 2, workers=2)
    train(tmp_path, workers=2, resume=cut)
    assert_equal(weights(tmp_path / LAST), weights(whole / LAST))


def test_cut_twice_and_without_a_seed(train: Train, tmp_path: Path) -> None:
    """The seed that the first start drew is in the checkpoint."""
    train(tmp_path, "after_train_iter", 5, randomness=dict(seed=None))
    first = torch.load(tmp_path / "epoch_1.pth", weights_only=True)["meta"]["seed"]
    train(tmp_path, "after_train_iter", 5, resume=True, randomness=dict(seed=None))
    train(tmp_path, resume=True, randomness=dict(seed=None))
    train(tmp_path / "whole", randomness=dict(seed=first))
    assert_equal(weights(tmp_path / LAST), weights(tmp_path / "whole" / LAST))


def test_deterministic_twice(train: Train, tmp_path: Path) -> None:
    try:
        for name in ("a", "b"):
            train(tmp_path / name, randomness=dict(seed=5, deterministic=True), workers=2)
    finally:
        torch.use_deterministic_algorithms(False)
    assert_equal(weights(tmp_path / "a" / LAST), weights(tmp_path / "b" / LAST))


def test_samples_differ_between_epochs_and_seeds(train: Train, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 2)):
        train(tmp_path / name, randomness=dict(seed=seed))
    first, second = (weights(tmp_path / name / LAST) for name in "ab")
    assert not torch.equal(first["layers.0.weight"], second["layers.0.weight"])


@pytest.mark.parametrize(
    "damage",
    [dict(torch=torch.zeros(3)), dict(python=(3, (1,), None)), dict(numpy=("MT19937", [-1], 0))],
    ids=["torch", "python", "numpy"],
)
def test_damaged_states_of_generators_are_refused(damage: dict) -> None:
    states = random_states()
    with pytest.raises(InputError, match="states of the random generators are damaged"):
        restore_random_states(states | damage)
    restore_random_states(states)
