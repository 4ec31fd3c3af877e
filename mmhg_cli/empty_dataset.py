"""Say in a sentence that a data set gives nobody."""

from __future__ import annotations

import traceback


def explain_empty_dataset(error: Exception) -> str | None:
    """Return a message if mmengine found nothing to keep of a data set, else None."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        dataset = frame.f_locals.get("self")
        if frame.f_code.co_name == "_serialize_data" and not getattr(dataset, "data_list", [0]):
            source = getattr(dataset, "ann_file", "") or "its files"
            return (
                f"{type(dataset).__name__} of {source} gives 0 people. Check the dataset of that "
                "name in the config's dataloaders: its ann_file, filters and indices"
            )
    return None
