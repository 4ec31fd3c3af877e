"""Before a training: do annotations, codec, network, metrics and folders fit together?"""

from mmhg.engine.preflight.folder import check_writable

__all__ = ["check_writable"]
