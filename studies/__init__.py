"""Comparisons with others, outside of the package: each in a folder of its own."""
