"""Serve the page.

    GET  /                        the page, and its other files
    GET  /api/about               the network, the limits, the examples
    GET  /api/examples/NUMBER     the file of an example
    POST /api/picture             takes a picture's file; answers with a JPEG for the screen, and
                                  the true size in px in X-Width and X-Height
    POST /api/pose?box=&name=     takes a picture's file; answers with the prediction of
                                  `RefinementDemo`

Errors are JSON, `{"error": ...}`.
"""

from __future__ import annotations

import io
import ipaddress
import json
import math
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit

from mmhg.demo.examples import Example
from mmhg.demo.pictures import PictureMemory, encode_picture
from mmhg.demo.refinement import RefinementDemo
from mmhg.errors import InputError

MEGABYTE = 1_000_000

_PAGE = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_FILES = {f"/{path.name}": path for path in _PAGE.iterdir() if path.suffix in _TYPES}
_FILES["/"] = _PAGE / "index.html"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}

_MOST_DISCARDED = 200_000_000
_CHUNK = 1 << 16

_MOST_CONNECTIONS = 1000
"""At a time. More are closed at once."""

_MOST_DIGITS = 15
"""Of a length: more than any file has."""

_MOST_PX = 1e9
"""Largest coordinate of a box, far beyond any image."""


class Refusal(Exception):
    """Refuse a request.

    Args:
        status: The HTTP status.
        message: Message for the person who uses the page.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


class Answer(NamedTuple):
    """Hold the answer to the browser."""

    content: bytes
    kind: str
    headers: Mapping[str, str] = {}
    status: HTTPStatus = HTTPStatus.OK


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


class _Incoming(io.RawIOBase):
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


class Handler(BaseHTTPRequestHandler):
    """Answer the requests of one connection."""

    server: DemoServer
    protocol_version = "HTTP/1.1"
    timeout = 30
    """Seconds after which a silent browser is disconnected."""
    longest_request = 120
    """Seconds within which a request must have come, from the end of the one before."""

    def setup(self) -> None:
        """Read through `_Incoming`."""
        super().setup()
        self._incoming = _Incoming(self.connection, self.timeout)
        self.rfile = io.BufferedReader(self._incoming)

    def handle_one_request(self) -> None:
        """Read a request and answer it."""
        self._incoming.deadline = time.monotonic() + self.longest_request
        super().handle_one_request()

    def do_GET(self) -> None:
        """Answer with a file of the page, an example, or the description of the network."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """Answer with the picture for the screen, or with the prediction."""
        self._answer(self._post)

    def version_string(self) -> str:
        """Return the server's name."""
        return "mmhg"

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing about requests."""

    def _get(self, url: SplitResult) -> Answer:
        if path := _FILES.get(url.path):
            return Answer(path.read_bytes(), f"{_TYPES[path.suffix]}; charset=utf-8")
        if url.path == "/api/about":
            examples = [dict(name=each.path.name, box=each.box) for each in self.server.examples]
            return _json(
                self.server.demo.describe()
                | dict(max_upload=self.server.max_upload, examples=examples)
            )
        for number, example in enumerate(self.server.examples):
            if url.path == f"/api/examples/{number}":
                return Answer(example.path.read_bytes(), "application/octet-stream")
        raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing at {url.path}")

    def _post(self, url: SplitResult) -> Answer:
        if url.path not in ("/api/picture", "/api/pose"):
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing at {url.path}")
        query = parse_qs(url.query)
        box = _box(query["box"][-1]) if "box" in query else None
        with self.server.memory.decoded(self._upload()) as image:
            if url.path == "/api/picture":
                height, width = image.shape[:2]
                size = {"X-Width": str(width), "X-Height": str(height)}
                return Answer(encode_picture(image), "image/jpeg", size)
            return _json(self.server.demo(image, box, query.get("name", ["photo"])[-1]))

    def _upload(self) -> bytes:
        """Read the body of the request."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(HTTPStatus.LENGTH_REQUIRED, "the request needs a Content-Length header")
        most = self.server.max_upload
        digits = length.lstrip("0") or "0"
        long = len(digits) > _MOST_DIGITS  # Python converts no 5,000 digits
        if long or int(digits) > most:
            size = "far too many bytes" if long else megabytes(int(digits))
            raise Refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"this file has {size}, the limit is {megabytes(most)}. Make the "
                "picture smaller, or start the page with a higher --max-upload",
            )
        data = self.rfile.read(int(digits))
        if len(data) < int(digits):
            raise ConnectionResetError("the browser has closed the connection")
        return data

    def _answer(self, find: Callable[[SplitResult], Answer]) -> None:
        """Send the answer that `find` returns, or the error that it raises."""
        try:
            self._check_origin()
            answer = find(_split(self.path))
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            answer = _explain(error)
        self.connection.settimeout(self.timeout)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.content)))
        for name, value in (_HEADERS | dict(answer.headers)).items():
            self.send_header(name, value)
        if answer.status != HTTPStatus.OK:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.content)
        if answer.status != HTTPStatus.OK:
            self._discard()

    def _check_origin(self) -> None:
        """Refuse requests that other sites send through the browser of a person who visits them.

        This includes sites whose own name resolves to this machine.
        """
        site = self.headers.get("Sec-Fetch-Site")
        host = self.headers.get("Host", "")
        named = _split(f"//{host}").hostname or ""
        origin = self.headers.get("Origin")
        foreign = origin is not None and origin.partition("://")[2].lower() != host.lower()
        if not self.server.is_local and site == "same-origin":
            foreign = False  # a proxy may have changed the host
        if (
            (self.server.is_local and not is_local(named))
            or (self.command == "POST" and site not in (None, "none", "same-origin"))
            or foreign
        ):
            raise Refusal(HTTPStatus.FORBIDDEN, f"open the page at {self.server.url}")

    def _discard(self) -> None:
        """Read the rest of a refused upload. Otherwise the browser would not get the answer."""
        self._incoming.silence, self._incoming.deadline = 1, time.monotonic() + self.timeout
        left = _MOST_DISCARDED
        try:
            while left > 0 and (data := self.rfile.read1(_CHUNK)):
                left -= len(data)
        except OSError:
            pass


def is_local(host: str) -> bool:
    """Tell whether a name or an address is this machine's own."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def megabytes(size: int) -> str:
    """Format a number of bytes in megabytes."""
    return f"{size / MEGABYTE:.3g} MB"


def _json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    content = json.dumps(value, allow_nan=False).encode()
    return Answer(content, "application/json", status=status)


def _explain(error: Exception) -> Answer:
    """Convert an error to an answer with a message."""
    if isinstance(error, Refusal):
        return _json(dict(error=str(error)), error.status)
    if isinstance(error, InputError):
        return _json(dict(error=str(error)), HTTPStatus.UNPROCESSABLE_ENTITY)
    traceback.print_exception(error, file=sys.stderr)
    message = "something went wrong inside the server. The terminal in which it runs says more"
    return _json(dict(error=message), HTTPStatus.INTERNAL_SERVER_ERROR)


def _split(address: str) -> SplitResult:
    """Split an address that a browser sent."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  raises for what is no number
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the request's address is malformed") from None
    return parts


def _box(text: str) -> list[float]:
    """Parse left, top, right, bottom."""
    try:
        left, top, right, bottom = (float(side) for side in text.split(","))
        if not all(abs(side) <= _MOST_PX for side in (left, top, right, bottom)):  # nor nan
            raise ValueError
    except ValueError:
        raise InputError(
            f"a box is left,top,right,bottom in px, for example 10,20,110,220; got {text[:80]!r}"
        ) from None
    return [left, top, right, bottom]
