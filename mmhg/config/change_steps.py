"""Change steps of the pipelines of a config, wherever they stand."""

from collections.abc import Mapping
from typing import Any

from mmhg.errors import InputError


def change_steps(tree: Any, **changes: Mapping[str, Any]) -> None:
    """Change settings of pipeline steps in place, those inside of other steps too.

    mmengine replaces a config's lists as a whole, so a leaf that changes one step would have to
    repeat the pipeline. In a leaf, after `with_codec`, whose results are the leaf's own:

        change_steps(train_dataloader, RandomFlip=dict(prob=0.0))

    Args:
        tree: A pipeline, or anything that has one.
        **changes: Settings of each type of step.

    Raises:
        InputError: There is no step of a type.
    """
    for kind, settings in changes.items():
        steps = [step for step in _mappings(tree) if step.get("type") == kind]
        if not steps:
            raise InputError(f"there is no step {kind} to change in the pipeline")
        for step in steps:
            step.update(settings)


def _mappings(tree: Any) -> list[Any]:
    """Return a tree's mappings, outer ones first."""
    found = [tree] if isinstance(tree, Mapping) else []
    inner = tree.values() if isinstance(tree, Mapping) else tree
    for value in inner if isinstance(tree, Mapping | list | tuple) else ():
        found += _mappings(value)
    return found
