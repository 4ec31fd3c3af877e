"""Answers to the browser, and what errors become."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from mmhg.errors import InputError


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


def json_answer(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    content = json.dumps(value, allow_nan=False).encode()
    return Answer(content, "application/json", status=status)


def explain(error: Exception) -> Answer:
    """Convert an error to an answer with a message."""
    if isinstance(error, Refusal):
        return json_answer(dict(error=str(error)), error.status)
    if isinstance(error, InputError):
        return json_answer(dict(error=str(error)), HTTPStatus.UNPROCESSABLE_ENTITY)
    traceback.print_exception(error, file=sys.stderr)
    message = "something went wrong inside the server. The terminal in which it runs says more"
    return json_answer(dict(error=message), HTTPStatus.INTERNAL_SERVER_ERROR)
