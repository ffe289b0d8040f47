"""Certificate numbers: a counter row gives them in the issuing transaction: no gap, no double (rel-I9)."""

from dataclasses import dataclass

from sqlalchemy import update

from chengjiu_mp.certificates.models import NumberSeries
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseType

LOCAL = "local"
TEST = "test"

# No published rule was found (待业务核实). The letter keeps the kinds' series apart.
_LETTERS = {"cpr_aed": "A", "junior": "C", "responder": "J"}


@dataclass(frozen=True)
class Allotment:
    """Consecutive numbers of one series, the first of them with sequence ``first``."""

    series_id: int
    first: int
    numbers: tuple[str, ...]


def default_pattern(code: str, mode: str) -> str:
    """Return the pattern that a new series of a course kind begins with."""
    letter = _LETTERS.get(code) or "X" + code.replace("_", "").upper()
    return ("TEST-" if mode == TEST else "") + "JY" + letter + "{year}{seq:05d}"


def allot(kind: CourseType, year: int, count: int, *, mode: str = LOCAL) -> Allotment:
    """Take the next ``count`` numbers; the counter's row stays locked until this transaction ends.

    A rollback gives them back, and the next in line takes them.
    """
    fresh = insert_into(NumberSeries).values(
        course_type_id=kind.id, year=year, mode=mode, pattern=default_pattern(kind.code, mode), last=0, complete=False
    )
    db.session.execute(fresh.on_conflict_do_nothing(index_elements=["course_type_id", "year", "mode"]))
    row = db.session.execute(
        update(NumberSeries)
        .where(NumberSeries.course_type_id == kind.id, NumberSeries.year == year, NumberSeries.mode == mode)
        .values(last=NumberSeries.last + count)
        .returning(NumberSeries.id, NumberSeries.last, NumberSeries.pattern)
    ).one()
    first = row.last - count + 1
    numbers = tuple(row.pattern.format(year=year, seq=first + place) for place in range(count))
    return Allotment(row.id, first, numbers)
