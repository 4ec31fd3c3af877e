"""Processes over gloo on a machine without CUDA, from the start on and after a restart.

mmengine's `init_dist` sets a CUDA device even for gloo. And `torchrun --max-restarts` hands the
restarted workers the store of those before: gloo finds the addresses of dead processes in it, and
connects to them until it gives up ("Gloo connectFullMesh failed"), in plain PyTorch 2.13 too.
"""

import os
from typing import Any

import torch
import torch.distributed as torch_dist
from torch.distributed.rendezvous import rendezvous


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
        waits = {"timeout": kwargs["timeout"]} if kwargs.get("timeout") else {}
        store, rank, world_size = next(rendezvous("env://", **waits))
        attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        store = torch_dist.PrefixStore(f"attempt_{attempt}", store)
        torch_dist.init_process_group(
            backend=backend, store=store, rank=rank, world_size=world_size, **kwargs
        )

    vars(init_dist_pytorch)["without_cuda"] = True
    utils._init_dist_pytorch = init_dist_pytorch
