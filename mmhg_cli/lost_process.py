"""Say in a sentence that another process of a training has ended or stands still."""

from __future__ import annotations

import re

_OF_A_BACKEND = re.compile(r"gloo/|gloo connect|NCCL|process group|watchdog", re.IGNORECASE)


def explain_lost_process(error: Exception) -> str | None:
    """Return a message if `error` is that of a process group that lost a member, else None."""
    text = str(error).partition(". This is typically")[0]
    if not isinstance(error, RuntimeError) or not _OF_A_BACKEND.search(text):
        return None
    return (
        "another process of this job has ended, or did not answer within the seconds of "
        f"env_cfg.dist_cfg.timeout ({text}). The cause is what that process printed, if anything. "
        "Start the job again with --resume"
    )
