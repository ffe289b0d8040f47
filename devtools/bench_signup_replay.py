"""Saying a plan again, through whatever carries statements: what a sign-up costs at least."""

import secrets
from collections.abc import Callable
from typing import Any, Protocol

from devtools.bench_signup_plan import SECRETS, Plan, Step

Rows = list[list[tuple[Any, ...]]]


class Wire(Protocol):
    """What carries the statements of one sign-up."""

    def say(self, sql: Any, params: Any, answers: str) -> list[tuple[Any, ...]]:
        """Say a statement; return its rows, or the new row's number as the only one, as `answers` says."""

    def end(self, how: str) -> None:
        """End the transaction: "commit" or "rollback"."""


class Replay:
    """A plan made ready to be said many times."""

    def __init__(self, plan: Plan) -> None:
        self._fork, self._column, self._seat = plan.fork, plan.column, plan.seat
        self._begin = [_Said(step) for step in plan.seated[: plan.fork + 1]]
        self._seated = [_Said(step) for step in plan.seated[plan.fork + 1 :]]
        self._waiting = [_Said(step) for step in plan.waiting[plan.fork + 1 :]]

    def sign_up(self, wire: Wire, run_id: int) -> bool:
        """Say it for one person; return whether it was a seat."""
        talk = _Talk(wire, run_id)
        try:
            talk.say(self._begin)
            seated = bool(talk.rows[self._fork][0][self._column] == self._seat)
            talk.say(self._seated if seated else self._waiting)
        except BaseException:
            wire.end("rollback")
            raise
        return seated


class _Talk:
    """One sign-up: the rows that came and the values that were given so far."""

    def __init__(self, wire: Wire, run_id: int) -> None:
        self.run_id = run_id
        self.rows: Rows = []
        self.given: list[Any] = []
        self._wire = wire

    def say(self, steps: "list[_Said]") -> None:
        for step in steps:
            if step.end:
                self._wire.end(step.end)
                self.rows.append([])
                self.given.append(None)
                continue
            params = step.filled(self)
            self.rows.append(self._wire.say(step.sql, params, step.answers))


class _Said:
    """A step with its sources looked up once."""

    def __init__(self, step: Step) -> None:
        self.sql, self.end, self.answers = step.sql, step.end, step.answers
        named = isinstance(step.params, dict)
        self._params: Any = step.params if named else list(step.params or ())
        sources = {key: source for key, source in (step.fresh or {}).items() if source[0] != "kept"}
        self._fresh: list[tuple[Any, Callable[[_Talk], Any]]] = [
            (key if named else int(key), _source(source)) for key, source in sources.items()
        ]

    def filled(self, talk: _Talk) -> Any:
        """Return the parameters for this sign-up, as the talk's newest."""
        if not self._fresh:
            talk.given.append(self._params)
            return self._params
        params = self._params.copy()
        talk.given.append(params)  # ahead of its values: one of them may be another of the same statement
        for key, source in self._fresh:
            params[key] = source(talk)
        return params


def _source(source: list[Any]) -> Callable[[_Talk], Any]:
    kind, *rest = source
    if kind in SECRETS:
        draw, length = SECRETS[kind][1], rest[0]
        return lambda _: draw(length)
    return _SOURCES[kind](*rest)


def _row(step: int, row: int, column: int, plus: int) -> Callable[[_Talk], Any]:
    if plus:
        return lambda talk: talk.rows[step][row][column] + plus
    return lambda talk: talk.rows[step][row][column]


def _words(before: str, step: int, row: int, column: int, after: str) -> Callable[[_Talk], Any]:
    return lambda talk: f"{before}{talk.rows[step][row][column]}{after}"


def _as(step: int, key: str) -> Callable[[_Talk], Any]:
    def given(talk: _Talk) -> Any:
        params = talk.given[step]
        return params[key] if isinstance(params, dict) else params[int(key)]

    return given


_SOURCES: dict[str, Callable[..., Callable[[_Talk], Any]]] = {
    "run": lambda: lambda talk: talk.run_id,
    "row": _row,
    "words": _words,
    "as": _as,
    "bytes": lambda length: lambda _: secrets.token_bytes(length),
}
