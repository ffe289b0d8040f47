"""What a line means for its list and for the line of a run: new, changed, known already, or not possible and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.errors import OverlappingSignup, RosterLocked, SignupClosed, SignupNotOpen
from chengjiu_mp.courses.locking import roster_locked
from chengjiu_mp.courses.many_held import live_signups_of_many, overlapping
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.moving import moved_to
from chengjiu_mp.courses.queries import phase_of
from chengjiu_mp.courses.refreshing import Renewing, check_among, renewing_of
from chengjiu_mp.lists.errors import OnOtherList, SignedUpAlone, WithdrawnAlone
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.lists.understanding import Understood
from chengjiu_mp.people.latin_names import LatinName
from chengjiu_mp.people.models import Contact, Person

NAME_KEPT = "姓名和核实过的不一样，没有替换；请让本人带证件到现场核对。"
LATIN_NAME_KEPT = "护照上的姓名和核实过的不一样，没有替换；请让本人带护照到现场核对。"
PHONE_KEPT = "手机号和本人验证过的不一样，没有替换；要换号请本人办理。"
BACK_AGAIN = "这位之前移出过名单，确认后会重新报上；不要报的，请从表里删去这一行再传。"
_BY_THEMSELVES = ("withdrawn", "lapsed", "refused")


@dataclass
class Seen:
    """What is known of the people of some lines, read at once: rows of the list, persons, live sign-ups, contacts."""

    rows: dict[bytes, UnitListRow] = field(default_factory=dict)
    named: dict[bytes, list[UnitListRow]] = field(default_factory=dict)
    by_named_key: dict[bytes, UnitListRow] = field(default_factory=dict)
    persons: dict[bytes, Person] = field(default_factory=dict)
    live: dict[int, list[Signup]] = field(default_factory=dict)
    contacts: dict[int, list[Contact]] = field(default_factory=dict)
    listed: frozenset[int] = frozenset()
    # (run id, person id) where another place meets at the same time.
    clashes: frozenset[tuple[int, int]] = frozenset()
    # Of refreshers: who has something to renew.
    renewing: Renewing = field(default_factory=dict)
    # The places that rows stand for, held here so that none is read again one by one.
    stood_for: Sequence[Signup] = ()


@dataclass(frozen=True)
class Decision:
    """``plan`` is one of ``models.PLANS`` but fault; ``notes`` are what is kept as it was and why."""

    plan: str
    row: UnitListRow | None = None
    signup: Signup | None = None
    changes: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def name_index(of: UnitList, name: str) -> bytes:
    """Return the blind index of a name within one list."""
    return privacy.blind_index("list_name", f"{of.id}|{name}")


def named_key(of: UnitList, name: str, phone: str | None) -> bytes:
    """Return what makes a line without a document the same line again."""
    return privacy.blind_index("list_named", f"{of.id}|{name}|{phone or ''}")


def look(of: UnitList, lines: Iterable[Understood]) -> Seen:
    """Return what is known of these lines' people, in a fixed number of queries."""
    lines, seen = list(lines), Seen()
    documents = [index for one in lines if (index := one.doc_index)]
    names = {name_index(of, one.name) for one in lines}
    rows = select(UnitListRow).where(
        UnitListRow.list_id == of.id, or_(UnitListRow.doc_index.in_(documents), UnitListRow.name_index.in_(names))
    )
    for row in db.session.scalars(rows.order_by(UnitListRow.id)):
        if row.doc_index:
            seen.rows[row.doc_index] = row
        if row.named_key:
            seen.by_named_key[row.named_key] = row
        if row.state == "named":
            seen.named.setdefault(row.name_index, []).append(row)
    seen.persons = {
        one.doc_index: one for one in db.session.scalars(select(Person).where(Person.doc_index.in_(documents)))
    }
    people = [one.id for one in seen.persons.values()]
    seen.renewing = renewing_of({one.run.id: one.run for one in lines}.values(), people)
    if people:
        _look_at_places(seen, people)
        seen.clashes = overlapping({one.run.id for one in lines}, seen.live.keys())
    if ids := [row.signup_id for row in seen.rows.values() if row.signup_id]:
        seen.stood_for = db.session.scalars(select(Signup).where(Signup.id.in_(ids))).all()
    return seen


def _look_at_places(seen: Seen, people: Sequence[int]) -> None:
    seen.live = live_signups_of_many(people)
    for one in db.session.scalars(select(Contact).where(Contact.person_id.in_(people), Contact.ended_at.is_(None))):
        seen.contacts.setdefault(one.person_id, []).append(one)
    ids = [signup.id for held in seen.live.values() for signup in held]
    listed = select(UnitListRow.signup_id).where(UnitListRow.signup_id.in_(ids), UnitListRow.state == "on")
    seen.listed = frozenset(found for found in db.session.scalars(listed) if found)


def decide(of: UnitList, line: Understood, seen: Seen) -> Decision:
    """Return what to do about a line.

    :raise SignedUpAlone, OnOtherList, WithdrawnAlone: when the person is settled without us
    :raise Refusal: when the run takes nobody, meets at the same time as another place, or is a refresher for others
    """
    if line.reading is None:
        known = seen.by_named_key.get(named_key(of, line.name, line.phone))
        return Decision("same", known) if known and known.state != "removed" else Decision("name", known)
    row = seen.rows.get(line.doc_index or b"") or _named_before(of, line, seen)
    if row is not None and row.state == "on":
        signup = current_signup(row)
        if signup is not None and signup.state in LIVE:
            return _known(line, row, signup, seen)
        if signup is not None and signup.state in _BY_THEMSELVES and row.run_id == line.run.id:
            raise WithdrawnAlone(field="name")
    _check_free(line, seen)
    kept = _kept(line, None, seen.persons.get(line.doc_index or b""), seen)
    again = (BACK_AGAIN,) if row is not None and row.state == "removed" else ()
    return Decision("add", row, notes=(*again, *kept.values()), conflicts=tuple(kept))


def current_signup(row: UnitListRow) -> Signup | None:
    """Return the place that a row stands for now, followed through moves."""
    signup = db.session.get(Signup, row.signup_id) if row.signup_id else None
    return (moved_to(signup) or signup) if signup is not None and signup.state == "moved" else signup


def check_takes(run: CourseRun) -> None:
    """Refuse when a run takes nobody now.

    :raise SignupNotOpen, SignupClosed: by its window and state
    """
    phase = phase_of(run)
    if phase == "not_open":
        raise SignupNotOpen(field="run")
    if phase != "open":
        raise SignupClosed("这一场已经取消，请看看其他场次。" if phase == "cancelled" else None, field="run")


def _named_before(of: UnitList, line: Understood, seen: Seen) -> UnitListRow | None:
    """Return the one row that was put down with this name and without a document."""
    # Another line may have taken it since it was looked at.
    same = [row for row in seen.named.get(name_index(of, line.name), []) if row.state == "named"]
    return same[0] if len(same) == 1 else None


def _check_free(line: Understood, seen: Seen) -> None:
    person = seen.persons.get(line.doc_index or b"")
    held = seen.live.get(person.id, []) if person else []
    for signup in held:
        if signup.run_id == line.run.id:
            raise OnOtherList(field="doc_number") if signup.id in seen.listed else SignedUpAlone(field="doc_number")
    if person and (line.run.id, person.id) in seen.clashes:
        raise OverlappingSignup(field="doc_number")
    check_takes(line.run)
    check_among(seen.renewing, line.run.id, person.id if person else None)


def _known(line: Understood, row: UnitListRow, signup: Signup, seen: Seen) -> Decision:
    assert line.reading is not None  # noqa: S101  a line without a document went another way
    changed = set()
    if row.run_id != line.run.id:
        changed.add("run")
    if signup.name != line.reading.name.name:
        changed.add("name")
    if signup.phone_index != privacy.phone_index(line.reading.phone.number):
        changed.add("phone")
    if _other_latin_name(line.reading.latin, signup):
        changed.add("latin_name")
    if line.key_group and signup.key_group != line.key_group:
        changed.add("key_group")
    kept = _kept(line, row, seen.persons.get(line.doc_index or b""), seen, signup)
    changes = frozenset(changed - set(kept))
    if changes:
        _check_changeable(line, signup)
    conflicts = tuple(what for what in kept if what in changed)
    return Decision("change" if changes else "same", row, signup, changes, tuple(kept.values()), conflicts)


def _other_latin_name(typed: LatinName, signup: Signup) -> bool:
    """Return whether a line brings another Latin name; a sheet without its columns says nothing of it."""
    return bool(typed.whole) and (typed.surname, typed.given) != (signup.latin_surname, signup.latin_given)


def _check_changeable(line: Understood, signup: Signup) -> None:
    for run_id in {signup.run_id, line.run.id}:
        if roster_locked(db.session.get_one(CourseRun, run_id)) or signup.outcome is not None:
            raise RosterLocked(field="run")


def _kept(
    line: Understood, row: UnitListRow | None, person: Person | None, seen: Seen, signup: Signup | None = None
) -> dict[str, str]:
    """Return {what: sentence} of what a line says otherwise than it was proved, or confirmed by the person."""
    assert line.reading is not None  # noqa: S101
    name, phone = line.reading.name.name, privacy.phone_index(line.reading.phone.number)
    sure = row is not None and row.confirmed_at is not None
    found: dict[str, str] = {}
    if signup is not None:
        if signup.name != name and (signup.name_proved_at or sure):
            found["name"] = NAME_KEPT
        if _other_latin_name(line.reading.latin, signup) and (signup.name_proved_at or sure):
            found["latin_name"] = LATIN_NAME_KEPT
        if signup.phone_index != phone and (signup.phone_proved_at or sure):
            found["phone"] = PHONE_KEPT
    if person is not None and person.name and person.name != name:
        found["name"] = NAME_KEPT
    proved = seen.contacts.get(person.id, []) if person else []
    if proved and all(one.phone_index != phone for one in proved):
        found["phone"] = PHONE_KEPT
    return found
