"""Rows that the board counts: certificates and closed runs, written straight into the tables."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from chengjiu_mp.certificates.models import Certificate, NumberSeries
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Syllabus
from chengjiu_mp.units.models import Sector
from tests import factories

_sequence = iter(range(1, 10_000_000))


def at(text: str) -> datetime:
    """Return a wall time in Jiangyin: 2026-12-31 23:30."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.SHANGHAI)


def sector(code: str) -> int:
    factories.unit()
    return db.session.scalars(select(Sector.id).where(Sector.code == code)).one()


def held(kind: str = "popular", unit: str = "chengjiang", *, ends: datetime | None = None, **values: Any) -> CourseRun:
    """Return a closed run of a unit that ended an hour ago, or at ``ends``."""
    last = ends or clock.now() - timedelta(hours=1)
    owner = factories.unit(unit).id
    return factories.run(**{
        "kind": kind, "state": "closed", "unit_id": owner, "starts_at": last - timedelta(hours=1), "ends_at": last,
        "closed_at": last, **values,
    })  # fmt: skip


def certificate(unit: str = "chengjiang", kind: str = "cpr_aed", **values: Any) -> Certificate:
    """Return a counted certificate of a fresh person, owned by a unit; ``of`` names the run."""
    of = values.pop("of", None) or held(kind, unit)
    who = factories.signup(of, outcome="attended", owner_unit_id=factories.unit(unit).id)
    type_id, sequence = db.session.get_one(Syllabus, of.syllabus_id).course_type_id, next(_sequence)
    row = Certificate(**{
        "number": f"T{sequence:06d}", "series_id": _series(type_id).id, "sequence": sequence,
        "person_id": who.person_id, "signup_id": who.id, "run_id": of.id, "course_type_id": type_id,
        "syllabus_id": of.syllabus_id, "issued_on": clock.today(), "owner_unit_id": who.owner_unit_id,
        "sector_id": who.sector_id, "key_group": who.key_group, "counted": True,
        "count_year": clock.day_of(of.ends_at).year, **values,
    })  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _series(type_id: int) -> NumberSeries:
    row = db.session.scalars(select(NumberSeries).where(NumberSeries.course_type_id == type_id)).first()
    if row is None:
        row = NumberSeries(course_type_id=type_id, year=2026, mode="test", pattern="T{seq}")
        db.session.add(row)
        db.session.flush()
    return row
