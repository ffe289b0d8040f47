"""Makers for tests about numbers from outside."""

from collections.abc import Sequence

from sqlalchemy import select

from chengjiu_mp.certificates import number_import, series
from chengjiu_mp.certificates.importing import Preview
from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.number_sheet import COLUMNS, key_of, read_rows
from chengjiu_mp.certificates.waiting_models import WaitingNumber
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.courses.models import CourseRun, CourseType, Signup
from tests import issued
from tests.ledgers import office

HEADER = list(COLUMNS.values())


def rule(mode: str = "external", pattern: str = "", kind: str = "cpr_aed", year: int = 2026) -> None:
    """Put a rule in force, by two people."""
    one, other = office(), office("approver")
    with unit_of_work():
        kind_id = db.session.scalars(select(CourseType.id).where(CourseType.code == kind)).one()
        made = series.propose(kind_id, year, mode, pattern, one).id
    with unit_of_work():
        series.put_in_force(made, other)


def waits(*names: str, external: bool = True, **values) -> CourseRun:
    """A confirmed run whose people wait for numbers."""
    if external:
        rule()
    run, by = issued.ready_run(*names, **values)
    with unit_of_work():
        assert confirm(run.id, by) == []
    return run


def keys() -> dict[str, int]:
    """Return {name: id} of everybody who ever waited; of who waits again the later one."""
    db.session.rollback()
    rows = db.session.execute(
        select(Signup.name, WaitingNumber.id)
        .join(WaitingNumber, WaitingNumber.signup_id == Signup.id)
        .order_by(WaitingNumber.id)
    )
    return {row.name: row.id for row in rows}


def row(name: str, number: str = "", key: int | None = None, said: str = "") -> list[str]:
    found = key_of(key if key is not None else keys()[name])
    return [{"key": found, "name": said or name, "number": number}.get(column, "") for column in COLUMNS]


def look(*rows: Sequence[str]) -> Preview:
    made = number_import.preview(Sheet([HEADER, *map(list, rows)]))
    db.session.rollback()
    return made


def load(*rows: Sequence[str], partial: bool = False) -> list[Certificate]:
    by = office()
    with unit_of_work():
        return number_import.import_numbers(read_rows(Sheet([HEADER, *map(list, rows)])), by, partial=partial)
