"""Two worlds that differ in nothing but their people: in one a sheet is enrolled at once, in the other line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry, Job
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.courses.reserving import reserve_places
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.people.erasing import erase_person
from chengjiu_mp.people.models import Consent, Person
from chengjiu_mp.people.service import prove_name, prove_phone
from tests import factories, rosters, signups

# What another list, the person alone, and time did before the sheet came: the people of these numbers have a past.
ALONE, ELSEWHERE, OVERLAPPING, WITHDRAWN, PROVED, BUSY, ABSENT, NAMED, ERASED = range(100, 109)


@dataclass(frozen=True)
class World:
    """A list over three runs, the first of them small and with places kept for its unit; person n is ``first + n``."""

    first: int
    list_id: int
    runs: tuple[int, ...]

    def person(self, n: int, **changes: Any) -> dict[str, Any]:
        """Return person n, of the same name in every world; ``born`` makes it one of that birthday."""
        born = changes.pop("born", None)
        typed = {"姓名": rosters.person(n)["姓名"], "场次": "0", **changes}
        if born:
            typed["证件号码"] = factories.resident_id(n + self.first // 1000, born)
        return rosters.person(self.first + n, **typed | {"场次": str(self.runs[int(typed["场次"])])})

    def lines(self, numbers: list[tuple[int, dict[str, Any]]]) -> bytes:
        return rosters.sheet([self.person(n, **changes) for n, changes in numbers])


def made(first: int) -> World:
    """Make a world with its past."""
    with factories.made():
        small, wide, certified = (
            factories.run(kind, capacity=capacity, starts_in=timedelta(days=days))
            for kind, capacity, days in (("cpr_aed", 5, 30), ("cpr_aed", 12, 40), ("responder", 60, 50))
        )
        overlapping, unit = factories.run(starts_in=timedelta(days=30, hours=1)), factories.unit("chengjiang")
        reserve_places(small, unit.id, 2)
        ahead = [factories.run("responder", starts_in=timedelta(days=60 + n)).id for n in range(3)]
        runs, other = (small.id, wide.id, certified.id), overlapping.id
    world = World(first, rosters.a_list(*runs), runs)
    with unit_of_work():
        db.session.get_one(UnitList, world.list_id).link_on = True
    _alone(world, ALONE, runs[0])
    _alone(world, OVERLAPPING, other)
    for run_id in ahead:
        _alone(world, BUSY, run_id)
    rosters.enrolled(rosters.a_list(*runs), world.lines([(ELSEWHERE, {})]))
    _past(world)
    return world


def _past(world: World) -> None:
    rosters.enrolled(world.list_id, world.lines([(WITHDRAWN, {}), (PROVED, {"场次": "1"})]))
    rosters.enrolled(world.list_id, world.lines([(NAMED, {"证件号码": "", "手机号": ""})]))
    with unit_of_work():
        withdraw(_signup_of(world, WITHDRAWN))
        proved = _signup_of(world, PROVED)
        proved.name_proved_at = proved.phone_proved_at = clock.now()
        person = db.session.get_one(Person, proved.person_id)
        prove_name(person, proved.name, "test")
        prove_phone(person, world.person(PROVED)["手机号"], "test")
    with factories.made():
        missed = factories.person(world.person(ABSENT)["证件号码"]).id
        for days in (10, 20):
            run = factories.run(starts_in=timedelta(days=-days), state="closed")
            factories.signup(run, person_id=missed, outcome="absent")
        erase_person(factories.person(world.person(ERASED)["证件号码"]), forget=False)


def _alone(world: World, n: int, run_id: int) -> None:
    one = world.person(n)
    signups.signed(run_id, name=one["姓名"], doc_number=one["证件号码"], phone=one["手机号"])


def _signup_of(world: World, n: int) -> Signup:
    index = privacy.document_index("resident_id", world.person(n)["证件号码"])
    query = select(Signup).join(Person, Person.id == Signup.person_id).where(Person.doc_index == index)
    return db.session.scalars(query).one()


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Give where two outcomes are not the same, and how."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{at}.{key}")
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        for n, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{at}[{n}]")
    elif one != other:
        yield f"{at}: {one!r} is not {other!r}"


# What came of it, without what chance decides


def outcome(world: World, upload_id: int) -> dict[str, Any]:
    """Return everything that an upload left, person by person, with ids, tokens and phones told as what they stand for."""
    lines = rosters.lines(upload_id)
    return {
        "lines": [(one.number, one.outcome, one.code, one.reason, one.field) for one in lines],
        "rows": [_row(world, db.session.get_one(UnitListRow, one.row_id)) if one.row_id else None for one in lines],
        "pools": [_pool(pool) for pool in _pools(world)],
        "conflicts": sorted(
            (_number(world, db.session.get_one(Person, one.object_id)), one.facts["what"], one.unit_id is not None)
            for one in db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person.conflict"))
            if one.facts["by"] == f"list:{world.list_id}"
        ),
    }


def _pools(world: World) -> list[SeatPool]:
    return list(db.session.scalars(select(SeatPool).where(SeatPool.run_id.in_(world.runs)).order_by(SeatPool.id)))


def _pool(pool: SeatPool) -> tuple[Any, ...]:
    return pool.unit_id, pool.capacity, pool.taken, pool.waiting, pool.next_position


def _row(world: World, row: UnitListRow) -> dict[str, Any]:
    sealed, phone = row.name_sealed, row.phone_sealed
    signup = db.session.get_one(Signup, row.signup_id) if row.signup_id else None
    return {
        "state": row.state, "run": world.runs.index(row.run_id), "key_group": row.key_group,
        "name": privacy.unseal(sealed, place=UnitListRow.PLACE_NAME, row=row.uid), "named": row.named_key is not None,
        "phone": _phone(world, privacy.unseal(phone, place=UnitListRow.PLACE_PHONE, row=row.uid)) if phone else None,
        "confirmed_at": row.confirmed_at, "created_at": row.created_at, "signup": _signup(world, signup),
        "document": row.doc_index is not None and row.doc_index == _person(signup).doc_index,
    }  # fmt: skip


def _person(signup: Signup | None) -> Person:
    assert signup is not None
    return db.session.get_one(Person, signup.person_id)


# Told apart from their world elsewhere, or decided by chance.
_SIGNUP_LEAVES = {"id", "uid", "run_id", "pool_id", "person_id", "phone_index", "phone_sealed", "ticket_hash",
                  "ticket_sealed", "code", "moves_from_id"}  # fmt: skip


def _signup(world: World, signup: Signup | None) -> dict[str, Any] | None:
    if signup is None:
        return None
    plain = {c.key: getattr(signup, c.key) for c in Signup.__table__.columns if c.key not in _SIGNUP_LEAVES}
    number = privacy.unseal(signup.phone_sealed, place=Signup.PLACE_PHONE, row=signup.uid)
    token = privacy.unseal(signup.ticket_sealed, place=Signup.PLACE_TICKET, row=signup.uid)
    assert (privacy.phone_index(number), len(signup.code)) == (signup.phone_index, 6)
    return plain | {
        "run": world.runs.index(signup.run_id), "person": _number(world, _person(signup)),
        "pool": [pool.id for pool in _pools(world)].index(signup.pool_id), "phone": _phone(world, number),
        "doc_type": _person(signup).doc_type, "erased": _person(signup).erased_at, "known_as": _person(signup).name,
        "consents": sorted(_consents(signup)), "trail": _trail(world, signup), "told": _told(world, signup, token),
    }  # fmt: skip


def _number(world: World, person: Person) -> int:
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)
    return next((n for n in range(200) if world.person(n)["证件号码"] == number), int(number[6:14]))


def _phone(world: World, number: str) -> str:
    """Return a phone as its distance from the world's own numbers; one that is none of them stays as it is."""
    own = int(number[3:]) - world.first if number.startswith("139") else -1
    return f"+{own}" if 0 <= own < 1000 else number


def _consents(signup: Signup) -> list[tuple[Any, ...]]:
    rows = db.session.scalars(select(Consent).where(Consent.signup_id == signup.id))
    return [(one.notice_id, one.text_sha256, one.channel, one.given_at, one.withdrawn_at) for one in rows]


def _trail(world: World, signup: Signup) -> list[tuple[Any, ...]]:
    about = (AuditEntry.object_type == "signup", AuditEntry.object_id == signup.id)
    came = (AuditEntry.object_type == "person", AuditEntry.object_id == signup.person_id)
    entries = [*db.session.scalars(select(AuditEntry).where(*about).order_by(AuditEntry.id)),
               *db.session.scalars(select(AuditEntry).where(*came, AuditEntry.action == "person.came_back"))]  # fmt: skip
    return [
        (one.action, one.actor_id, one.actor_role, one.unit_id, one.at,
         {k: v for k, v in one.facts.items() if k not in ("by", "moves_from")})
        for one in entries
    ]  # fmt: skip


def _told(world: World, signup: Signup, token: str) -> list[tuple[Any, ...]]:
    query = select(Message).where(Message.subject_type == "signup", Message.subject_id == signup.id)
    found = []
    for one in db.session.scalars(query.order_by(Message.id)):
        body = privacy.unseal(one.body_sealed, place=Message.PLACE_BODY, row=one.uid)
        assert token in body
        phone = privacy.unseal(one.phone_sealed, place=Message.PLACE_PHONE, row=one.uid) if one.phone_sealed else ""
        found.append((
            one.kind, one.dedupe_key.replace(f":{signup.id}", ":id"), body.replace(token, "token"),
            _phone(world, phone), (one.phone_index is None) == (not phone), one.unit_id, one.account_id,
            one.expires_at, one.created_at, _brought(one),
        ))  # fmt: skip
    return found


def _brought(message: Message) -> list[tuple[Any, ...]]:
    found = []
    for one in db.session.scalars(select(Delivery).where(Delivery.message_id == message.id).order_by(Delivery.id)):
        job = db.session.scalars(select(Job).where(Job.kind == "outbox.deliver", Job.subject_id == one.id)).first()
        # Its queue is the one difference: messages of many people leave at a pace of their own.
        asked = (job.dedupe_key == f"outbox.deliver:{one.id}", job.state, job.run_after, job.due) if job else ()
        found.append((one.channel, one.state, one.reason, asked))
    return found
