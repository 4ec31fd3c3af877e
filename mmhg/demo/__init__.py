"""Serve a local page that shows the stacks at work on people's own photos."""

from mmhg.demo.refinement import RefinementDemo
from mmhg.demo.server import DemoServer

__all__ = ["DemoServer", "RefinementDemo"]
