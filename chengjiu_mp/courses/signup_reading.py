"""A form read against what is there already: whose place a document holds, and which guardian is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import or_, select

from chengjiu_mp.core import context, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.courses.entry import Entry, EntryReading, read_entry, together
from chengjiu_mp.courses.errors import AlreadySignedUp, OverlappingSignup, SamePersonTwice
from chengjiu_mp.courses.models import CourseRun, Signup
from chengjiu_mp.courses.refreshing import check_may_renew
from chengjiu_mp.courses.signup_queries import live_signups_of, overlaps_another, owned_by
from chengjiu_mp.courses.signup_rows import DESK, Draft, Owner
from chengjiu_mp.courses.standing import judge
from chengjiu_mp.people.guardians import GuardianEntry, ask_guardian, read_guardian
from chengjiu_mp.people.service import person_found


@dataclass(frozen=True)
class By:
    """Who signs somebody up, over which channel, and for whom it counts."""

    channel: str
    device_id: int | None
    owner: Owner | None


def drafts_of(
    run: CourseRun, entries: Sequence[Entry], by: By, guardian: GuardianEntry | None, places: Sequence[str]
) -> list[Draft | Signup]:
    """Return a draft for each entry, or the sign-up that this caller made on its document before.

    Every entry is read before any is refused, so that a form is corrected once; its children's guardian is asked in
    one go.

    :param places: where each entry stands in the form, such as "people.1"
    :raise AlreadySignedUp: when somebody else's device made the live place; nothing of it is told
    :raise Refusal: what :func:`read_entry` and :func:`read_guardian` refuse
    """
    readings, refused = _read_each(run, entries, places, guardian=guardian is not None)
    found: dict[int, Draft | Signup] = {}
    # In one order: two forms with the same people at once must not wait for one another in a ring.
    for index in sorted(readings, key=lambda one: _index(readings[one])):
        try:
            found[index] = _draft(run, entries[index], readings[index], by, places[index])
        except Refusal as refusal:
            refused[index] = refusal
    read = [found[index] for index in sorted(found)]
    drafts = [one for one in read if isinstance(one, Draft)]
    children = [one.person for one in drafts if one.reading.needs_guardian]
    named, wrong = read_guardian(guardian) if guardian and children else (None, [])
    if refused or wrong:
        raise together([*(refused[index] for index in sorted(refused)), *wrong])
    _check_nobody_twice(read, places)
    asked = iter(ask_guardian(children, named, by.channel) if named else ())
    return [
        replace(one, guardian=next(asked)) if isinstance(one, Draft) and one.reading.needs_guardian else one
        for one in read
    ]


def _index(reading: EntryReading) -> bytes:
    return privacy.document_index(reading.document.doc_type, reading.document.number)


def _read_each(
    run: CourseRun, entries: Sequence[Entry], places: Sequence[str], *, guardian: bool
) -> tuple[dict[int, EntryReading], dict[int, Refusal]]:
    """Return {index: what an entry says}, and {index: why it is refused} of the others."""
    readings: dict[int, EntryReading] = {}
    refused: dict[int, Refusal] = {}
    for index, (entry, at) in enumerate(zip(entries, places, strict=True)):
        try:
            readings[index] = read_entry(entry, run, at=at, guardian=guardian)
        except Refusal as refusal:
            refused[index] = refusal
    return readings, refused


def _draft(run: CourseRun, entry: Entry, reading: EntryReading, by: By, at: str) -> Draft | Signup:
    person, is_new = person_found(reading.document)
    held = () if is_new else live_signups_of(person.id)
    for before in held:
        if before.run_id == run.id:
            check_own(before, at)
            return before
    if held and overlaps_another(run.id, person.id):
        raise OverlappingSignup(field=_field(at))
    check_may_renew(person.id, run, at)
    return Draft(
        reading, person, by.channel, _device(by), by.owner, confirm_by=judge(held, run, at),
        health_notice_read=bool(entry.health_notice_read and run.syllabus.health_notice), is_new=is_new,
    )  # fmt: skip


def _device(by: By) -> int | None:
    # What staff enter at a desk is the person's own: a ticket never belongs to the staff's device.
    if by.device_id is not None or by.channel == DESK:
        return by.device_id
    return context.principal().device_id


def _check_nobody_twice(read: Sequence[Draft | Signup], places: Sequence[str]) -> None:
    met: set[int] = set()
    for one, at in zip(read, places, strict=True):
        person_id = one.person.id if isinstance(one, Draft) else one.person_id
        if person_id in met:
            raise SamePersonTwice(field=_field(at))
        met.add(person_id)


def _field(at: str) -> str:
    return f"{at}.doc_number" if at else "doc_number"


def check_own(signup: Signup, at: str = "") -> None:
    """Let only the caller's own place be found: the same device or account; or the phone on it, proved by a code.

    The document was typed just now, so the proved phone is the second thing that fits, not the only one.

    :raise AlreadySignedUp: for anybody else
    """
    who = context.principal()
    mine = owned_by(who)
    if who.phone_index is not None:
        mine = or_(mine, Signup.phone_index == who.phone_index)
    if db.session.scalar(select(Signup.id).where(Signup.id == signup.id, mine)) is None:
        raise AlreadySignedUp(field=_field(at) if at else None)
