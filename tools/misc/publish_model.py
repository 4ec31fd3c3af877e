#!/usr/bin/env python
"""A checkpoint without its optimiser, its hash in its name: MMPose's tool of this name, its flags.

python tools/misc/publish_model.py work_dirs/hg8/epoch_160.pth hg8.pth  # hg8-<hash>_<date>.pth
"""

import os
from contextlib import suppress

from mmhg_cli.mmpose_tools import run_mmpose_tool

if __name__ == "__main__":
    run_mmpose_tool("misc/publish_model.py")
    with suppress(ChildProcessError):
        os.wait()  # MMPose's leaves the file to an `mv` that it does not wait for
