"""Before a training: do annotations, codec, network, metrics and folders fit together?"""

from mmhg.engine.preflight.folder import check_writable
from mmhg.engine.preflight.loader import check_not_empty

__all__ = ["check_not_empty", "check_writable"]
