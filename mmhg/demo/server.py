"""Serve the page, to few connections at a time."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from http.server import ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any

from mmhg.demo.examples import Example
from mmhg.demo.handler import Handler
from mmhg.demo.parsing import MEGABYTE, is_local
from mmhg.demo.pictures import PictureMemory
from mmhg.demo.refinement import RefinementDemo
from mmhg.errors import InputError

_MOST_CONNECTIONS = 1000
"""At a time. More are closed at once."""


class DemoServer(ThreadingHTTPServer):
    """Serve the page until `shutdown`.

    A server for this machine alone also refuses requests that other sites send through this
    machine's browser.

    Args:
        demo: The network.
        host: Name or address to listen at.
        port: Port to listen at; 0 takes a free one.
        max_upload: Largest file of a picture, bytes.
        examples: Images that the page offers.

    Raises:
        InputError: The server cannot listen at this host and port.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        demo: RefinementDemo,
        *,
        host: str = "127.0.0.1",
        port: int = 7860,
        max_upload: int = 20 * MEGABYTE,
        examples: Sequence[Example] = (),
    ) -> None:
        self.demo = demo
        self.host = host
        self.max_upload = max_upload
        self.memory = PictureMemory(demo.max_pixels)
        self._free = BoundedSemaphore(_MOST_CONNECTIONS)
        self.examples = examples
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"cannot listen at --host {host} --port {port}: {reason}. Try another port; "
                "--port 0 takes a free one"
            ) from error

    @property
    def url(self) -> str:
        """Return the page's address."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/"

    @property
    def is_local(self) -> bool:
        """Tell whether only this machine can reach the server."""
        return is_local(self.host)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to answer a connection, unless there are too many."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, unless the browser has only closed the connection."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)
