"""Pictures: training curves, and people with their skeletons."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.visualization.curves import plot_curves, read_scalars
from mmhg.visualization.skeleton import draw_people, draw_skeleton, person_tile, sheet

__all__ = ["draw_people", "draw_skeleton", "person_tile", "plot_curves", "read_scalars", "sheet"]
