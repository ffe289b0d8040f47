"""Calls to systems outside: WeChat and the SMS provider. Short patience, and an error holds nothing of the request:
addresses carry secrets, bodies carry phones.

Only hosts from the settings are called, redirects are not followed, and never while a transaction is open.
"""

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from chengjiu_mp.core.db import in_unit_of_work

CONNECT_SECONDS = 3.0
WHOLE_SECONDS = 5.0
LARGEST_REPLY = 2 * 1024 * 1024


class Unreachable(Exception):
    """No usable answer: it may work later. The text is a code; ``retry_after`` is what the other side asked for, in
    seconds."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.retry_after = reason, retry_after


@dataclass(frozen=True)
class Answer:
    """What came back: the media type without parameters, and the whole body."""

    status: int
    media_type: str
    body: bytes = field(repr=False)


def call(method: str, url: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the answer; a thread waits three seconds for the connection and five for everything.

    :raise Unreachable: no connection, no answer in time, one that is too large, 429 or a server's fault
    :raise RuntimeError: within a ``unit_of_work``: the database would wait with us
    """
    if in_unit_of_work():
        raise RuntimeError("an outside call within a transaction")
    try:
        answer, wait = _exchange(method, url, body, dict(headers or {}))
    except TimeoutError:
        raise Unreachable("timeout") from None
    except (OSError, http.client.HTTPException) as exc:
        # Without the cause: its text may hold the address.
        raise Unreachable(type(exc).__name__) from None
    if len(answer.body) > LARGEST_REPLY:
        raise Unreachable("too_large")
    if answer.status == 429 or answer.status >= 500:
        raise Unreachable(f"http_{answer.status}", wait)
    return answer


def _exchange(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> tuple[Answer, float | None]:
    parts, began, cut = urlsplit(url), time.monotonic(), threading.Event()
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    # The socket's own patience counts from byte to byte: an answer that drips would hold this thread for ever.
    # The connection lets go of its socket once it has the headers, so it is held here.
    sockets: list[socket.socket] = []
    watch = threading.Timer(WHOLE_SECONDS, _cut, (sockets, cut))
    watch.daemon = True
    watch.start()
    try:
        connection.connect()
        sockets.append(connection.sock)
        connection.sock.settimeout(max(0.1, WHOLE_SECONDS - (time.monotonic() - began)))
        connection.request(method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, headers)
        reply = connection.getresponse()
        content = reply.read(LARGEST_REPLY + 1)
        if cut.is_set():
            raise TimeoutError
    except (OSError, http.client.HTTPException):
        if cut.is_set():
            raise TimeoutError from None
        raise
    finally:
        watch.cancel()
        connection.close()
    return Answer(reply.status, reply.headers.get_content_type(), content), _seconds(reply.headers.get("Retry-After"))


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=_tls())
    return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _cut(sockets: list[socket.socket], cut: threading.Event) -> None:
    cut.set()
    for one in sockets:
        # The plain socket's shutdown: it wakes the thread that reads, whatever lies on top.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(one, socket.SHUT_RDWR)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isascii() and text.isdigit() else None
