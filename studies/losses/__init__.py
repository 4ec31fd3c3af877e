"""Losses of the heatmaps, compared."""
