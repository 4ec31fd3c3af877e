"""Read from a browser, but not for ever."""

from __future__ import annotations

import io
import math
import socket
import time
from typing import Any


class Incoming(io.RawIOBase):
    """Read what a browser sends, until it has been silent or has taken too long.

    Attributes:
        silence: Longest wait for the next bytes, s.
        deadline: When all must have been read, by `time.monotonic`.
    """

    def __init__(self, connection: socket.socket, silence: float) -> None:
        self._connection = connection
        self.silence = silence
        self.deadline = math.inf

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come; raise TimeoutError if nothing comes in time."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request takes too long")
        self._connection.settimeout(min(left, self.silence))
        return self._connection.recv_into(buffer)
