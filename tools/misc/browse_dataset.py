#!/usr/bin/env python
"""Look at what a config's data pipeline makes: MMPose's tools/misc/browse_dataset.py, its flags."""

from mmhg_cli.mmpose_tools import run_mmpose_tool

if __name__ == "__main__":
    run_mmpose_tool("misc/browse_dataset.py")
