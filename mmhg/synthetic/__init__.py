"""Render synthetic people: articulated bodies, written in MPII's own layout."""

from mmhg.synthetic.dataset import Request, default_request, render_dataset
from mmhg.synthetic.levels import LEVELS, Floors, Level
from mmhg.synthetic.scene import Plan, Scene, render

__all__ = [
    "LEVELS",
    "Floors",
    "Level",
    "Plan",
    "Request",
    "Scene",
    "default_request",
    "render",
    "render_dataset",
]
