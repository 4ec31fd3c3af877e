"""A local page on which people see the stacks at work on their own photos."""

from mmhg.demo.refinement import RefinementDemo
from mmhg.demo.server import DemoServer

__all__ = ["DemoServer", "RefinementDemo"]
