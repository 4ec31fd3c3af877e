"""Measure speed and memory as ratios to plain implementations, all in one run."""
