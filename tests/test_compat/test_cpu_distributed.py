"""Two gloo processes start on a machine without CUDA."""

import os
import subprocess
import sys

import pytest
import torch

SCRIPT = """
import mmhg, torch, torch.distributed as dist
from mmengine.dist import init_dist
init_dist("pytorch", backend="gloo")
value = torch.tensor([dist.get_rank() + 1.0])
dist.all_reduce(value)
assert value.item() == 3.0, value
dist.barrier()
dist.destroy_process_group()  # else gloo's threads may abort the interpreter's exit
"""


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here: nothing is replaced")
def test_gloo_without_cuda(tmp_path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run"]
    command += ["--standalone", "--nproc_per_node=2", str(script)]
    environment = dict(os.environ, OMP_NUM_THREADS="1")
    subprocess.run(command, check=True, timeout=240, env=environment)
