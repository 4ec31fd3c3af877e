"""MMPose has the radius of its circles in an array; numpy 2.4 does not take that for a number."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np


def with_number(draw_circles: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap the method so that OpenCV gets its one radius as a number."""

    @wraps(draw_circles)
    def draw(self: Any, center: Any, radius: Any, *args: Any, **kwargs: Any) -> Any:
        if self.backend == "opencv":
            radius = np.ravel(radius)[0]
        return draw_circles(self, center, radius, *args, **kwargs)

    vars(draw)["takes_arrays"] = True
    return draw


def apply() -> None:
    """Wrap the method once."""
    from mmpose.visualization.opencv_backend_visualizer import OpencvBackendVisualizer as Visualizer

    if not hasattr(Visualizer.draw_circles, "takes_arrays"):
        Visualizer.draw_circles = with_number(Visualizer.draw_circles)
