"""What is learned from recorded requests: the same statements, with fresh values where a row must be new.

Several recordings are laid side by side. A parameter that is equal in all of them stays. One that differs was given
with the request, or came out of an earlier row, or is a new secret (a uid, a hash, a code); anything else keeps a
recorded value.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from psycopg.types.json import Json

_SPOKEN = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
# How strings look that are drawn anew for each row: the pattern, and who draws one of that length.
SECRETS: dict[str, tuple[re.Pattern[str], Callable[[int], str]]] = {
    "hex": (re.compile(r"[0-9a-f]{16,64}"), lambda length: secrets.token_hex((length + 1) // 2)[:length]),
    "token": (re.compile(r"[a-z2-7]{26}"), lambda n: "".join(secrets.choice(_BASE32) for _ in range(n))),
    "code": (re.compile(rf"[{_SPOKEN}]{{6}}"), lambda n: "".join(secrets.choice(_SPOKEN) for _ in range(n))),
}
# How far a parameter may be from the row it comes from: a position is the next one less one.
OFFSETS = (0, -1, 1)


class Statement(NamedTuple):
    """One statement: its parameters as the driver got them, and the rows that came back.

    `keyed`: nothing came back but the new row's number, which SQLite's driver tells; it stands as the only row.
    """

    sql: str
    params: Any
    rows: list[list[Any]]
    keyed: bool = False


class End(NamedTuple):
    """The end of a transaction: "commit" or "rollback"."""

    how: str


class Recording(NamedTuple):
    """Everything said during one request; ``given``: what came with it by name, such as the run."""

    given: Mapping[str, Any]
    steps: list[Statement | End]


class Unlike(Exception):
    """The recordings do not have the same shape, so nothing can be learned from their differences."""


@dataclass
class Step:
    """A statement to say again: `params` as recorded, `fresh` what replaces them, by the key in `params`.

    What replaces: ["given", name] what came with the request; ["row", step, row, column, plus] from a row of an
    earlier step; ["words", before, step, row, column, after] such a number within a text; ["as", step, key] the same as
    before; ["bytes", length] and [a name of SECRETS, length] a new secret; ["kept"] nothing: it does not matter.
    `answers` says what comes back: "rows", "key" (the new row's number alone) or nothing. `end` is set on a
    transaction's end instead. `sql` is what the driver got, until a wire needs it in another form.
    """

    sql: Any = ""
    params: Any = None
    fresh: dict[str, list[Any]] | None = None
    answers: str = ""
    end: str = ""


@dataclass
class Script:
    """A request without forks. `pings`: the product's pool asks each connection whether it lives before it lends it."""

    steps: list[Step]
    pings: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return the script in what JSON can hold."""
        found: dict[str, Any] = packed(asdict(self))
        return found

    @staticmethod
    def from_json(content: dict[str, Any]) -> "Script":
        """Return the script that :meth:`as_json` packed."""
        fields = unpacked(content)
        return Script([Step(**step) for step in fields["steps"]], fields["pings"])


def rows_of(recording: Recording, step: int) -> list[list[Any]]:
    """Return what came back at a step."""
    found = recording.steps[step]
    return found.rows if isinstance(found, Statement) else []


def learned(recordings: Sequence[Recording]) -> list[Step]:
    """Return what says again what all these recordings said.

    :raise Unlike: when they differ in more than values
    """
    shapes = {tuple(s.sql if isinstance(s, Statement) else s.how for s in one.steps) for one in recordings}
    if len(shapes) != 1:
        raise Unlike("recordings of one kind have different statements")
    steps: list[Step] = []
    known: dict[tuple[Any, ...], list[Any]] = {
        tuple(one.given[name] for one in recordings): ["given", name] for name in recordings[0].given
    }
    for number, one in enumerate(recordings[-1].steps):
        if isinstance(one, End):
            steps.append(Step(end=one.how))
            continue
        fresh: dict[str, list[Any]] = {}
        for key in items(one.params):
            values = tuple(items(_said(r, number).params)[key] for r in recordings)
            if source := _source(values, known, recordings, number):
                fresh[key] = source
                if source[0] in ("bytes", *SECRETS):
                    known.setdefault(values, ["as", number, key])
        steps.append(Step(one.sql, one.params, fresh, answers="key" if one.keyed else "rows" * bool(one.rows)))
    return steps


def _said(recording: Recording, number: int) -> Statement:
    found = recording.steps[number]
    if not isinstance(found, Statement):
        raise Unlike("recordings of one kind have different statements")
    return found


def items(params: Any) -> dict[str, Any]:
    """Return parameters by name, or by place."""
    if isinstance(params, Mapping):
        return dict(params)
    return {str(place): value for place, value in enumerate(params or ())}


def _source(
    values: tuple[Any, ...], known: dict[tuple[Any, ...], list[Any]], recordings: Sequence[Recording], number: int
) -> list[Any] | None:
    """Return where differing values come from; None for what is always the same."""
    if len({repr(_plain(value)) for value in values}) == 1:
        return None
    if not all(isinstance(value, int | str | bytes) for value in values):
        return ["kept"]
    return known.get(values) or _row(values, recordings, number) or _drawn(values, recordings, number)


def _drawn(values: tuple[Any, ...], recordings: Sequence[Recording], number: int) -> list[Any]:
    """Return how such values are made anew."""
    if all(isinstance(value, bytes) for value in values):
        return ["bytes", len(values[-1])]
    if not all(isinstance(value, str) for value in values):
        return ["kept"]
    fitting = (name for name, (pattern, _) in SECRETS.items() if all(pattern.fullmatch(value) for value in values))
    alike = ([name, len(values[-1])] for name in fitting)
    return _words(values, recordings, number) or next(alike, ["kept"])


def _plain(value: Any) -> Any:
    return value.obj if isinstance(value, Json) else value


def _row(values: tuple[Any, ...], recordings: Sequence[Recording], number: int) -> list[Any] | None:
    """Return the newest row of an earlier step that held these values, exactly if there is such a one."""
    for plus in OFFSETS if all(isinstance(value, int) for value in values) else (0,):
        wanted = [value - plus if plus else value for value in values]
        for step in range(number - 1, -1, -1):
            rows = [rows_of(one, step) for one in recordings]
            for row in range(min(len(some) for some in rows)):
                for column in range(len(rows[0][row])):
                    if [some[row][column] for some in rows] == wanted:
                        return ["row", step, row, column, plus]
    return None


def _words(values: tuple[str, ...], recordings: Sequence[Recording], number: int) -> list[Any] | None:
    parts = [re.fullmatch(r"([^0-9]*)([0-9]+)([^0-9]*)", value) for value in values]
    if not all(parts):
        return None
    texts = {(part[1], part[3]) for part in parts if part}
    source = _row(tuple(int(part[2]) for part in parts if part), recordings, number)
    if len(texts) != 1 or source is None or source[-1] != 0:
        return None
    before, after = texts.pop()
    return ["words", before, *source[1:4], after]


def packed(value: Any) -> Any:
    """Return a value of the database in what JSON can hold."""
    if isinstance(value, bytes):
        return {"<bytes>": value.hex()}
    if isinstance(value, date):
        return {"<time>" if isinstance(value, datetime) else "<date>": value.isoformat()}
    if isinstance(value, Json):
        return {"<json>": value.obj}
    if isinstance(value, dict):
        return {key: packed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [packed(inner) for inner in value]
    return {"<row>": [packed(inner) for inner in value]} if isinstance(value, tuple) else value


_OPENED: dict[str, Callable[[Any], Any]] = {
    "<bytes>": bytes.fromhex,
    "<time>": datetime.fromisoformat,
    "<date>": date.fromisoformat,
    "<json>": Json,
    "<row>": lambda inner: tuple(unpacked(one) for one in inner),
}


def unpacked(value: Any) -> Any:
    """Return what :func:`packed` was given."""
    if isinstance(value, dict):
        for mark, opened in _OPENED.items():
            if mark in value:
                return opened(value[mark])
        return {key: unpacked(inner) for key, inner in value.items()}
    return [unpacked(inner) for inner in value] if isinstance(value, list) else value
