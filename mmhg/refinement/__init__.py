"""Show what each stack corrects: predictions after each stack, scores, sheets, animations."""

import mmhg.compat.requires_openmmlab  # noqa: F401
from mmhg.refinement.animation import write_animation
from mmhg.refinement.curves import plot_stack_scores
from mmhg.refinement.drawn_figure import as_drawn_figure
from mmhg.refinement.paths import Refinement, most_corrected, refinements
from mmhg.refinement.predict import predict_each_stack
from mmhg.refinement.scores import StackScores, stack_table
from mmhg.refinement.sheet import draw_stack_sheet

__all__ = [
    "Refinement",
    "StackScores",
    "as_drawn_figure",
    "draw_stack_sheet",
    "most_corrected",
    "plot_stack_scores",
    "predict_each_stack",
    "refinements",
    "stack_table",
    "write_animation",
]
