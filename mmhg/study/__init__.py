"""Train configs side by side, and compare them: `mmhg study`."""

from mmhg.study.plan import Run, Study, read_study
from mmhg.study.queue import train_all
from mmhg.study.report import Report, collect, write_report

__all__ = ["Report", "Run", "Study", "collect", "read_study", "train_all", "write_report"]
