"""Rows for tests. Each maker flushes; call them inside ``unit_of_work()`` or use ``made()``, which commits."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from chengjiu_mp import reference
from chengjiu_mp.core import clock, context, ids, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun, CourseType, Meeting, RunInstructor, SeatPool, Signup, Syllabus
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.people.models import Person
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account, RoleGrant
from chengjiu_mp.units.models import Sector, Unit
from chengjiu_mp.venues.models import Venue

_count = iter(range(1, 10_000_000))


@contextmanager
def made() -> Iterator[None]:
    """Commit what the block makes."""
    with unit_of_work():
        yield
    db.session.remove()


def resident_id(number: int | None = None, birth: str = "19850615") -> str:
    """Return a valid, invented resident identity number; a new one each time, and never one that ends in 0 to 4xxx.

    Tests that search by last digits choose theirs from those.
    """
    count = next(_count) if number is None else number
    sequence = 500 + count % 500 if number is None else number % 1000
    if number is None and birth == "19850615":
        birth = f"{1985 + count // 6000 % 10}{1 + count // 500 % 12:02d}15"
    body = f"320281{birth}{sequence:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def phone(number: int | None = None) -> str:
    """Return an invented mobile number; a new one each time, and never one that ends in four equal digits but 5555."""
    return f"139{number:08d}" if number is not None else f"139{next(_count):07d}5"


def reference_data() -> None:
    """Install the plan's rows, sectors, course types, schemes and notices."""
    reference.install()


def unit(code: str = "chengjiang") -> Unit:
    if db.session.scalars(select(Unit)).first() is None:
        reference_data()
    return db.session.scalars(select(Unit).where(Unit.code == code)).one()


def child_unit(parent: str = "chengjiang", name: str = "澄江中心小学", **values: Any) -> Unit:
    above = unit(parent)
    row = Unit(code=f"u{next(_count)}", name=name, parent_id=above.id, row_id=above.row_id, **values)
    db.session.add(row)
    db.session.flush()
    return row


def account(role: str = "operator", unit_code: str | None = None, name: str = "周敏", **grant: Any) -> Account:
    """Return an account with one grant; ``unit_code`` limits it to that unit's subtree."""
    number, uid = phone(), ids.new_uid()
    row = Account(
        uid=uid, name=name, phone_index=privacy.phone_index(number),
        phone_sealed=privacy.seal(number, place=Account.PLACE, row=uid),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    scope = unit(unit_code).id if unit_code else None
    db.session.add(RoleGrant(account_id=row.id, role=role, unit_id=scope, **grant))
    db.session.flush()
    return row


def bearer(role: str = "operator", unit_code: str | None = None, **grant: Any) -> dict[str, str]:
    """Return request headers that act as a fresh account of ``role``."""
    return headers_of(account(role, unit_code, **grant))


def headers_of(who: Account) -> dict[str, str]:
    token, _ = sessions.open_session("bearer", who.id)
    return {"Authorization": f"Bearer {token}"}


def acting(who: Account) -> Any:
    """Return a context manager that acts as ``who`` in services."""
    caller = context.Principal(account_id=who.id, name=who.name, grants=sessions.grants_of(who.id))
    return context.acting_as(caller)


def phone_of(who: Account) -> str:
    """Return the number an account signs in by."""
    assert who.phone_sealed is not None
    return privacy.unseal(who.phone_sealed, place=Account.PLACE, row=who.uid)


def instructor(name: str = "陈建国", unit_code: str = "chengjiang", **values: Any) -> Instructor:
    """Return an instructor with an account that signs in by the same phone."""
    who = account("instructor", name=name)
    number = phone_of(who)
    uid = ids.new_uid()
    row = Instructor(
        uid=uid, account_id=who.id, unit_id=unit(unit_code).id, name=name, phone_index=privacy.phone_index(number),
        phone_sealed=privacy.seal(number, place=Instructor.PLACE, row=uid), **values,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def venue(unit_code: str = "chengjiang", **values: Any) -> Venue:
    row = Venue(
        **{
            "unit_id": unit(unit_code).id,
            "name": "澄江街道应急救护培训基地",
            "address": "江阴市澄江中路 1 号",
            **values,
        }
    )
    db.session.add(row)
    db.session.flush()
    return row


def syllabus(kind: str = "cpr_aed") -> Syllabus:
    unit()
    return db.session.scalars(select(Syllabus).join(CourseType).where(CourseType.code == kind)).one()


def run(
    kind: str = "cpr_aed", *, capacity: int = 50, starts_in: timedelta = timedelta(days=3), **values: Any
) -> CourseRun:
    """Return a published run of one three-hour meeting, open for sign-up, with one open pool."""
    teaches: list[Instructor] = values.pop("instructors", [])
    of, begins, uid, token = syllabus(kind), clock.now() + starts_in, ids.new_uid(), ids.new_token()
    row = CourseRun(**{
        "uid": uid, "token_hash": ids.token_hash(token),
        "token_sealed": privacy.seal(token, place=CourseRun.PLACE, row=uid), "syllabus_id": of.id,
        "exam_scheme_id": of.exam_scheme_id, "venue_id": venue().id, "unit_id": unit().id,
        "sector_id": db.session.scalars(select(Sector.id).where(Sector.code == "community")).one(),
        "title": "CPR+AED 公益培训", "state": "published", "published_at": clock.now(),
        "signup_opens_at": clock.now() - timedelta(days=1), "signup_closes_at": begins,
        "starts_at": begins, "ends_at": begins + timedelta(hours=3), **values,
    })  # fmt: skip
    db.session.add(row)
    db.session.flush()
    db.session.add(Meeting(run_id=row.id, sequence=1, starts_at=row.starts_at, ends_at=row.ends_at))
    db.session.add(SeatPool(run_id=row.id, capacity=capacity))
    db.session.add_all(RunInstructor(run_id=row.id, instructor_id=one.id) for one in teaches)
    db.session.flush()
    return row


def person(number: str | None = None) -> Person:
    number, uid = number or resident_id(), ids.new_uid()
    row = Person(
        uid=uid, doc_type="resident_id", doc_index=privacy.document_index("resident_id", number),
        doc_sealed=privacy.seal(number, place=Person.PLACE, row=uid),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def signup(of: CourseRun, name: str = "张三", state: str = "confirmed", **values: Any) -> Signup:
    """Return a seated sign-up, written straight into the tables; the pool's counter moves with it."""
    pool = db.session.scalars(select(SeatPool).where(SeatPool.run_id == of.id)).first()
    assert pool is not None
    pool.taken += state in ("confirmed", "offered")
    number, uid, token = values.pop("phone", None) or phone(), ids.new_uid(), ids.new_token()
    row = Signup(**{
        "uid": uid, "run_id": of.id, "pool_id": pool.id, "person_id": person().id, "state": state, "name": name,
        "name_raw": name, "phone_index": privacy.phone_index(number),
        "phone_sealed": privacy.seal(number, place=Signup.PLACE_PHONE, row=uid), "ticket_hash": ids.token_hash(token),
        "ticket_sealed": privacy.seal(token, place=Signup.PLACE_TICKET, row=uid), "code": ids.new_spoken_code(),
        "owner_unit_id": of.unit_id, "sector_id": of.sector_id, **values,
    })  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def ticket(of: Signup) -> str:
    """Return the ticket's token."""
    return privacy.unseal(of.ticket_sealed, place=Signup.PLACE_TICKET, row=of.uid)
