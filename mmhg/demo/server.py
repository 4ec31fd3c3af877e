"""The server of the page; what it answers is in `handler`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from http.server import ThreadingHTTPServer
from typing import Any

from mmhg.demo.examples import Example
from mmhg.demo.handler import Handler, is_local
from mmhg.demo.refinement import RefinementDemo
from mmhg.errors import InputError

MEGABYTE = 1_000_000


class DemoServer(ThreadingHTTPServer):
    """Serves the page, until `shutdown`.

    Where it listens to this machine alone, it also refuses requests that other sites send through
    this machine's browser.

    Args:
        demo: The network.
        host: Name or address to listen at.
        port: 0 takes a free one.
        max_upload: Largest file of a picture, bytes.
        examples: Pictures that the page offers.

    Raises:
        InputError: It cannot listen there.
    """

    daemon_threads = True
    allow_reuse_address = True

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
        self.examples = examples
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(
                f"cannot listen at --host {host} --port {port}: {reason}. Another port may be "
                "free; --port 0 takes one that is"
            ) from error

    @property
    def url(self) -> str:
        """Where the page is."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.server_address[1]}/"

    @property
    def is_local(self) -> bool:
        """Whether it listens to this machine alone."""
        return is_local(self.host)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what went wrong, unless it is that the browser has gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)
