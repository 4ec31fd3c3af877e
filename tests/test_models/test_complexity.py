"""Parameters and multiply-accumulates."""

import pytest
from mmengine.registry import DefaultScope

from mmhg.config.catalog import get_config
from mmhg.models.complexity import measure_complexity


@pytest.fixture(autouse=True)
def mmpose_scope() -> None:
    DefaultScope.get_instance("test_complexity", scope_name="mmpose")


@pytest.mark.parametrize(
    ("name", "parameters", "gmacs"),
    # The numbers of the authors' network.
    [
        ("hg1_mpii_256", 3426448, 5.15),
        ("hg2_mpii_256", 6570400, 8.33),
        ("hg8_mpii_256", 25434112, 27.4),
    ],
)
def test_paper_networks(name: str, parameters: int, gmacs: float) -> None:
    whole, *parts = measure_complexity(get_config(name).model, (256, 256))
    assert (whole.name, whole.parameters) == ("", parameters)
    assert whole.macs / 1e9 == pytest.approx(gmacs, rel=2e-3)
    # The head has no parameters, and is left out.
    stacks = [f"backbone.stacks.{index}" for index in range(int(name[2]))]
    assert [part.name for part in parts] == ["backbone.stem", *stacks]
    assert sum(part.parameters for part in parts) == whole.parameters
    assert sum(part.macs for part in parts) == whole.macs


def test_macs_grow_with_the_input_and_the_batch() -> None:
    model = get_config("hg1_mpii_256").model
    (small, *_), (tall, *_) = (measure_complexity(model, (side, 64)) for side in (64, 128))
    (three, *_) = measure_complexity(model, (64, 64), batch_size=3)
    assert (tall.macs, three.macs) == (2 * small.macs, 3 * small.macs)
    assert tall.parameters == three.parameters == small.parameters
