"""A closed loop of keep-alive connections in one process: it stops when every request is answered."""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Reply(NamedTuple):
    """What came back: 0 when nothing did, and after how long."""

    status: int
    seconds: float


class Storm(NamedTuple):
    """The replies that came, and the seconds from the first connection to the last of them."""

    replies: list[Reply]
    seconds: float


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` percent of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share / 100) - 1)] if ordered else 0.0


class Line(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, separator, body = self._got.partition(b"\r\n\r\n")
        if separator and len(body) >= _length(head) and self._answer and not self._answer.done():
            self._answer.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_result(0)

    @property
    def lost(self) -> bool:
        """Return whether the other side hung up, as a server does on a line that was silent for long."""
        return self._transport is None

    async def ask(self, request: bytes) -> Reply:
        began = time.perf_counter()
        if self._transport is None:
            return Reply(0, 0.0)
        self._got, self._answer = b"", asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return Reply(await self._answer, time.perf_counter() - began)

    def hang_up(self) -> None:
        if self._transport:
            self._transport.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def storm(port: int, requests: Sequence[bytes], clients: int) -> Storm:
    """Send the requests from so many clients; each sends its next one when it has its answer."""
    return asyncio.run(_storm(port, iter(requests), min(clients, len(requests))))


async def _storm(port: int, requests: Iterator[bytes], clients: int) -> Storm:
    replies: list[Reply] = []

    async def client() -> None:
        try:
            _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", port)
        except OSError:
            return
        for request in requests:
            replies.append(await line.ask(request))
            if not replies[-1].status:
                return
        line.hang_up()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Storm(replies, time.perf_counter() - began)
