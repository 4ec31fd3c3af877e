"""What the training pipelines of the configs have in common."""

from types import SimpleNamespace

import pytest
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from mmhg.config.library import config_names, get_config
from mmhg.datasets import LoadPersonRegion


@pytest.mark.parametrize("name", config_names())
def test_nothing_below_the_crop_is_decoded(name: str) -> None:
    """Each crops a person, right after the flip, but for the one that looks at whole images."""
    config = get_config(name)
    init_default_scope("mmpose")
    steps = Compose(config.train_dataloader.dataset.pipeline)
    loads = [step for step in steps.transforms if isinstance(step, LoadPersonRegion)]
    dataset = SimpleNamespace(pipeline=steps)
    ends = [load._ends_at_crop(dict(bbox_scale=None, dataset=dataset)) for load in loads]
    assert ends == ([] if name == "associative_embedding" else [True])
