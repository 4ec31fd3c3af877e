"""Speed and memory as ratios to plain implementations, all measured in one run."""
