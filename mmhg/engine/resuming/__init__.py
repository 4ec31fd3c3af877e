"""Go on with a training that ended early, as if it had not."""

from mmhg.engine.resuming.latest import latest_checkpoint, use_in_mmengine
from mmhg.engine.resuming.training_state import check_resumable

__all__ = ["check_resumable", "latest_checkpoint", "use_in_mmengine"]
