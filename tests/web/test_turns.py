"""Bodies are read outside of the application's turn."""

import io
import threading
from typing import Any

from chengjiu_mp.web.turns import TakeTurns


class Stalled(io.RawIOBase):
    """A body of which only the first packet came."""

    def __init__(self) -> None:
        self.asked, self.arrives = threading.Event(), threading.Event()

    def read(self, size: int = -1) -> bytes:
        self.asked.set()
        self.arrives.wait(10)
        return b"x" * size


def answer(environ: Any, start_response: Any) -> list[bytes]:
    return [environ["wsgi.input"].read()]


def ask(gate: TakeTurns, body: Any, length: int) -> Any:
    environ: dict[str, Any] = {"wsgi.input": body, "CONTENT_LENGTH": str(length)}
    return gate(environ, lambda *_: lambda _: None)


def test_who_stalls_in_the_middle_of_a_form_holds_up_nobody() -> None:
    gate, stalled, got = TakeTurns(answer, 100), Stalled(), []
    slow = threading.Thread(target=lambda: got.append(ask(gate, stalled, 3)))
    slow.start()
    assert stalled.asked.wait(10)
    assert ask(gate, io.BytesIO(b"quick"), 5) == [b"quick"]
    stalled.arrives.set()
    slow.join(10)
    assert got == [[b"xxx"]]


def test_one_at_a_time_is_in_the_application() -> None:
    inside, most, guard = 0, 0, threading.Lock()
    met = threading.Barrier(4)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.01)
        with guard:
            inside -= 1
        return []

    def caller() -> None:
        met.wait(10)
        ask(gate, io.BytesIO(b""), 0)

    gate = TakeTurns(app, 100)
    threads = [threading.Thread(target=caller) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert most == 1


def test_a_body_beyond_the_limit_is_left_to_be_refused() -> None:
    body = io.BytesIO(b"y" * 101)
    assert ask(TakeTurns(lambda e, s: [], 100), body, 101) == []
    assert body.tell() == 0
