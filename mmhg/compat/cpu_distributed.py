"""mmengine's `init_dist` sets a CUDA device even for gloo on a machine without one."""

from typing import Any

import torch
import torch.distributed as torch_dist


def apply() -> None:
    """Let `init_dist('pytorch', backend='gloo')` work without CUDA; other calls are untouched."""
    from mmengine.dist import utils

    original = utils._init_dist_pytorch
    if getattr(original, "without_cuda", False):
        return

    def init_dist_pytorch(backend: str, init_backend: str = "torch", **kwargs: Any) -> None:
        if backend != "gloo" or init_backend != "torch" or torch.cuda.is_available():
            original(backend, init_backend=init_backend, **kwargs)
            return
        # torchrun's environment names the rank and the world size.
        torch_dist.init_process_group(backend=backend, **kwargs)

    vars(init_dist_pytorch)["without_cuda"] = True
    utils._init_dist_pytorch = init_dist_pytorch
