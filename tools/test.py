#!/usr/bin/env python
"""Test a checkpoint: MMPose's tools/test.py with its flags; CONFIG is a path or a name."""

from mmhg_cli.mmpose_tools import run_mmpose_tool

if __name__ == "__main__":
    run_mmpose_tool("test.py")
