"""Saying a plan again, through whatever carries statements: what a request costs at least."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from devtools.bench_plan import SECRETS, Step

Rows = list[list[tuple[Any, ...]]]


class Wire(Protocol):
    """What carries the statements of one request."""

    def say(self, sql: Any, params: Any, answers: str) -> list[tuple[Any, ...]]:
        """Say a statement; return its rows, or the new row's number as the only one, as `answers` says."""

    def end(self, how: str) -> None:
        """End the transaction: "commit" or "rollback"."""


class Talk:
    """One request: what came with it, the rows that came back and the parameters so far."""

    def __init__(self, wire: Wire, given: Mapping[str, Any]) -> None:
        self.given = given
        self.rows: Rows = []
        self.said: list[Any] = []
        self._wire = wire

    def say(self, steps: "Sequence[Said]") -> None:
        """Say these steps; what breaks takes the transaction back."""
        try:
            self._say(steps)
        except BaseException:
            self._wire.end("rollback")
            raise

    def _say(self, steps: "Sequence[Said]") -> None:
        for step in steps:
            if step.end:
                self._wire.end(step.end)
                self.rows.append([])
                self.said.append(None)
                continue
            params = step.filled(self)
            self.rows.append(self._wire.say(step.sql, params, step.answers))


class Said:
    """A step with its sources looked up once."""

    def __init__(self, step: Step) -> None:
        self.sql, self.end, self.answers = step.sql, step.end, step.answers
        named = isinstance(step.params, dict)
        self._params: Any = step.params if named else list(step.params or ())
        sources = {key: source for key, source in (step.fresh or {}).items() if source[0] != "kept"}
        self._fresh: list[tuple[Any, Callable[[Talk], Any]]] = [
            (key if named else int(key), _source(source)) for key, source in sources.items()
        ]

    def filled(self, talk: Talk) -> Any:
        """Return the parameters for this request, as the talk's newest."""
        if not self._fresh:
            talk.said.append(self._params)
            return self._params
        params = self._params.copy()
        talk.said.append(params)  # ahead of its values: one of them may be another of the same statement
        for key, source in self._fresh:
            params[key] = source(talk)
        return params


def _source(source: list[Any]) -> Callable[[Talk], Any]:
    kind, *rest = source
    if kind in SECRETS:
        draw, length = SECRETS[kind][1], rest[0]
        return lambda _: draw(length)
    return _SOURCES[kind](*rest)


def _row(step: int, row: int, column: int, plus: int) -> Callable[[Talk], Any]:
    if plus:
        return lambda talk: talk.rows[step][row][column] + plus
    return lambda talk: talk.rows[step][row][column]


def _words(before: str, step: int, row: int, column: int, after: str) -> Callable[[Talk], Any]:
    return lambda talk: f"{before}{talk.rows[step][row][column]}{after}"


def _as(step: int, key: str) -> Callable[[Talk], Any]:
    def same(talk: Talk) -> Any:
        params = talk.said[step]
        return params[key] if isinstance(params, dict) else params[int(key)]

    return same


_SOURCES: dict[str, Callable[..., Callable[[Talk], Any]]] = {
    "given": lambda name: lambda talk: talk.given[name],
    "row": _row,
    "words": _words,
    "as": _as,
    "bytes": lambda length: lambda _: secrets.token_bytes(length),
}
