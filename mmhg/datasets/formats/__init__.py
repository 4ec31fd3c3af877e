"""Readers of the files that others publish: a path in, people out."""
