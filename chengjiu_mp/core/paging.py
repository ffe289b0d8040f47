"""Cursor paging: stable under inserts, no counting."""

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Kind, Refusal

T = TypeVar("T")


class BadCursor(Refusal):
    code = "bad_cursor"
    message = "翻页的位置已失效，请从第一页重新查看。"
    kind = Kind.INVALID


@dataclass(frozen=True)
class Page(Generic[T]):
    """Items and the cursor of the next page, None at the end."""

    items: list[T]
    next_cursor: str | None


def page(query: Select[T], key: InstrumentedAttribute[int], cursor: str | None, size: int = 50) -> Page[T]:
    """Return one page of ``query`` in descending order of the integer column ``key``.

    :raise BadCursor: when the cursor is not one of ours
    """
    if cursor:
        query = query.where(key < _decode(cursor))
    rows: list[Any] = list(db.session.scalars(query.order_by(key.desc()).limit(size + 1)))
    more = len(rows) > size
    rows = rows[:size]
    return Page(rows, _encode(getattr(rows[-1], key.key)) if more else None)


def _encode(value: int) -> str:
    return base64.urlsafe_b64encode(str(value).encode()).decode().rstrip("=")


def _decode(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError, UnicodeError):
        raise BadCursor(field="cursor") from None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise BadCursor(field="cursor")
    return int(text)
