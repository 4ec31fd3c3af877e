"""Find what is wrong with a dataset, before anybody trains on it: `mmhg check`."""

from mmhg.data_check.check import Report, check_data
from mmhg.data_check.findings import KINDS, Example, Finding, Kind

__all__ = ["KINDS", "Example", "Finding", "Kind", "Report", "check_data"]
