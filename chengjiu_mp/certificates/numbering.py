"""Certificate numbers: a counter row gives them in the issuing transaction: no gap, no double (rel-I9)."""

from dataclasses import dataclass

from sqlalchemy import select, update

from chengjiu_mp.certificates.models import NumberSeries
from chengjiu_mp.certificates.number_patterns import expression
from chengjiu_mp.certificates.series_models import SeriesRule
from chengjiu_mp.certificates.void_models import NumberBlock, NumberVoid
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.rows import insert_into
from chengjiu_mp.courses.models import CourseType

LOCAL = "local"
EXTERNAL = "external"
TEST = "test"

# No published rule was found (待业务核实). The letters keep the kinds' series apart: no two kinds have the same, and
# none has a digit, where the year begins. A series that nobody set begins with them; one that has begun keeps its own.
LETTERS = {
    "cpr_aed": "A", "junior": "C", "responder": "J", "popular": "P", "instructor": "S", "instructor_refresh": "SF",
    "cpr_aed_refresher": "AF",
}  # fmt: skip


# The series and the sequence in it.
Place = tuple[int, int]


@dataclass(frozen=True)
class Allotment:
    """Numbers of one series, each with its place in it."""

    places: tuple[Place, ...]
    numbers: tuple[str, ...]


def default_pattern(code: str, mode: str) -> str:
    """Return the pattern that a new series of a course kind begins with; of a kind without letters its whole code keeps
    it apart.
    """
    letter = LETTERS.get(code) or "X" + code.replace("_", "").upper()
    return ("TEST-" if mode == TEST else "") + "JY" + letter + "{year}{seq:05d}"


def rule_in_force(kind: CourseType, year: int) -> tuple[str, str]:
    """Return (mode, pattern) of a kind's numbers of a year: what was put in force, else ours by the default pattern."""
    mine = (SeriesRule.course_type_id == kind.id, SeriesRule.year == year, SeriesRule.state == "in_force")
    rule = db.session.scalars(select(SeriesRule).where(*mine)).first()
    if rule is not None:
        return rule.mode, rule.pattern
    begun = select(NumberSeries.pattern).where(
        NumberSeries.course_type_id == kind.id, NumberSeries.year == year, NumberSeries.mode == LOCAL
    )
    return LOCAL, db.session.scalar(begun) or default_pattern(kind.code, LOCAL)


def allot(kind: CourseType, year: int, count: int, *, mode: str = LOCAL, unit_id: int | None = None) -> Allotment:
    """Take the next ``count`` numbers; the counter's row stays locked until this transaction ends.

    A rollback gives them back, and the next in line takes them.

    :param unit_id: whose runs take from their own block of numbers, as far as it reaches
    """
    series, pattern, _ = _forward(kind, year, 0, mode, default_pattern(kind.code, mode))
    sequences = _from_blocks(series, unit_id, count) if unit_id is not None and mode == LOCAL else []
    if rest := count - len(sequences):
        _, _, last = _forward(kind, year, rest, mode, pattern)
        sequences += range(last - rest + 1, last + 1)
    numbers = tuple(pattern.format(year=year, seq=at) for at in sequences)
    return Allotment(tuple((series, at) for at in sequences), numbers)


def _from_blocks(series_id: int, unit_id: int, count: int) -> list[int]:
    """Take up to ``count`` sequences of a unit's blocks; the series' row is locked, so nobody else takes them now."""
    mine = select(NumberBlock).where(
        NumberBlock.series_id == series_id, NumberBlock.unit_id == unit_id, NumberBlock.closed_at.is_(None)
    )
    found: list[int] = []
    for block in db.session.scalars(mine.order_by(NumberBlock.first).execution_options(populate_existing=True)):
        left = left_of(block)[: count - len(found)]
        if left:
            # What was voided in between is passed over with it.
            block.next = left[-1] + 1
            found += left
    db.session.flush()
    return found


def left_of(block: NumberBlock) -> list[int]:
    """Return the sequences that a block can still give."""
    gone = select(NumberVoid.sequence).where(
        NumberVoid.series_id == block.series_id, NumberVoid.sequence.between(block.next, block.upto)
    )
    voided = set(db.session.scalars(gone))
    return [at for at in range(block.next, block.upto + 1) if at not in voided]


def lock_series(series_id: int) -> NumberSeries:
    """Return a series, its counter locked until this transaction ends."""
    held = update(NumberSeries).where(NumberSeries.id == series_id).values(last=NumberSeries.last)
    return db.session.scalars(held.returning(NumberSeries), execution_options={"populate_existing": True}).one()


def number_at(series: NumberSeries, sequence: int) -> str:
    """Return the number at a place of a series of ours."""
    return series.pattern.format(year=series.year, seq=sequence)


def take_places(kind: CourseType, year: int, count: int) -> tuple[Place, ...]:
    """Take the next ``count`` places of the series whose numbers come from outside, in the order they arrive."""
    series, _, last = _forward(kind, year, count, EXTERNAL, "")
    return tuple((series, at) for at in range(last - count + 1, last + 1))


def _forward(kind: CourseType, year: int, count: int, mode: str, pattern: str) -> tuple[int, str, int]:
    """Move a series' counter on; return (series, its pattern, its last sequence)."""
    fresh = insert_into(NumberSeries).values(course_type_id=kind.id, year=year, mode=mode, pattern=pattern, last=0)
    db.session.execute(fresh.on_conflict_do_nothing(index_elements=["course_type_id", "year", "mode"]))
    row = db.session.execute(
        update(NumberSeries)
        .where(NumberSeries.course_type_id == kind.id, NumberSeries.year == year, NumberSeries.mode == mode)
        .values(last=NumberSeries.last + count)
        .returning(NumberSeries.id, NumberSeries.pattern, NumberSeries.last)
    ).one()
    return row.id, row.pattern, row.last


class Taken:
    """The numbers that our series gave or will give, so that no paper of an old ledger takes one of them.

    A series of a year that begins or goes on, of which no row is there yet, is known by its default pattern.
    """

    def __init__(self) -> None:
        self._this = clock.today().year
        rows = db.session.execute(
            select(NumberSeries.pattern, NumberSeries.year, NumberSeries.course_type_id, NumberSeries.mode)
            .where(NumberSeries.mode.in_((LOCAL, TEST)))
        ).all()  # fmt: skip
        self._there = [expression(row.pattern, str(row.year)) for row in rows]
        self._known = {(row.course_type_id, row.year, row.mode) for row in rows}
        # A refresher's certificates take the numbers of the kind that it renews.
        own = select(CourseType.id, CourseType.code).where(CourseType.refresh_of_id.is_(None))
        kinds = db.session.execute(own).all()
        self._ahead = [
            (expression(default_pattern(code, mode), r"(?P<year>[0-9]{4})"), kind, mode)
            for kind, code in kinds
            for mode in (LOCAL, TEST)
        ]

    def covers(self, number: str) -> bool:
        """Return whether a number is one of a series of ours, given or not."""
        if any(pattern.fullmatch(number) for pattern in self._there):
            return True
        for pattern, kind, mode in self._ahead:
            found = pattern.fullmatch(number)
            if found and int(found["year"]) >= self._this and (kind, int(found["year"]), mode) not in self._known:
                return True
        return False
