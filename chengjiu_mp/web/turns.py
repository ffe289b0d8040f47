"""Slow bodies wait outside: a request is read whole before it takes its turn in the application.

A phone on a bad network sends a form's first packet and then nothing for a minute. Reading in the view would hold the
process for that long; two such phones would hold the service. So the server has many cheap threads that only read, and
the application runs one request at a time in a process: no thread waits for another while it holds a row lock."""

import io
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TakeTurns:
    """WSGI middleware.

    :param limit: bytes; a longer body is left unread, and the application refuses it by its announced length
    """

    def __init__(self, app: "WSGIApplication", limit: int) -> None:
        self._app, self._limit = app, limit
        self._turn = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or "0"
        length = int(announced) if announced.isascii() and announced.isdigit() else 0
        if 0 < length <= self._limit:
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with self._turn:
            return self._app(environ, start_response)
