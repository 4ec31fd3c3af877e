"""Answer the requests of the page.

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
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs

from mmhg.demo.answers import Answer, Refusal, explain, json_answer
from mmhg.demo.incoming import Incoming
from mmhg.demo.parsing import is_local, read_box, read_length, split_address
from mmhg.demo.pictures import encode_picture

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


class Handler(BaseHTTPRequestHandler):
    """Answer the requests of one connection."""

    server: Any
    """The `DemoServer`."""
    protocol_version = "HTTP/1.1"
    timeout = 30
    """Seconds after which a silent browser is disconnected."""
    longest_request = 120
    """Seconds within which a request must have come, from the end of the one before."""

    def setup(self) -> None:
        """Read through `Incoming`."""
        super().setup()
        self._incoming = Incoming(self.connection, self.timeout)
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
            return json_answer(
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
        box = read_box(query["box"][-1]) if "box" in query else None
        with self.server.memory.decoded(self._upload()) as image:
            if url.path == "/api/picture":
                height, width = image.shape[:2]
                size = {"X-Width": str(width), "X-Height": str(height)}
                return Answer(encode_picture(image), "image/jpeg", size)
            return json_answer(self.server.demo(image, box, query.get("name", ["photo"])[-1]))

    def _upload(self) -> bytes:
        """Read the body of the request."""
        length = read_length(self.headers.get("Content-Length", ""), self.server.max_upload)
        data = self.rfile.read(length)
        if len(data) < length:
            raise ConnectionResetError("the browser has closed the connection")
        return data

    def _answer(self, find: Callable[[SplitResult], Answer]) -> None:
        """Send the answer that `find` returns, or the error that it raises."""
        try:
            self._check_origin()
            answer = find(split_address(self.path))
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            answer = explain(error)
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
        named = split_address(f"//{host}").hostname or ""
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
