"""Scores of predicted poses."""

from .pckh_metric import PCKhMetric

__all__ = ["PCKhMetric"]
