"""Read the authors' Torch7 files (`.t7`) as data."""
