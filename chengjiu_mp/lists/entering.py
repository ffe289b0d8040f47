"""Doing what a line says: the same sign-up, the same rules and the same refusals as for everybody."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import inspect

from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.many_rows import insert_each
from chengjiu_mp.core.rows import table_of, values_of
from chengjiu_mp.courses.errors import AlreadySignedUp
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.moving import move, waiting_instead
from chengjiu_mp.courses.seats import all_locked
from chengjiu_mp.courses.signing_up import Made, sign_up
from chengjiu_mp.courses.signup_rows import Owner
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.lists.deciding import Decision, Seen, decide, name_index, named_key
from chengjiu_mp.lists.errors import SignedUpAlone
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.lists.understanding import Fault, Understood, fault_of
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.names import sort_key


@dataclass(frozen=True)
class Entered:
    """What became of a line: one of ``models.OUTCOMES``, its row of the list, and what the liaison is told."""

    outcome: str
    row: UnitListRow | None = None
    told: Fault | None = None


def enter(of: UnitList, line: Understood, seen: Seen) -> Entered:
    """Do what a line says, in the caller's transaction; a refusal leaves nothing behind and is the outcome.

    :param seen: what :func:`look` found under the list's lock; who signed up alone since is refused by the sign-up
    """
    try:
        with db.session.begin_nested():
            decision = decide(of, line, seen)
            outcome, row = _done(of, line, decision)
            _record_conflicts(of, line, decision.conflicts)
    except Refusal as refusal:
        return Entered("rejected", told=fault_of(refusal))
    remember(seen, row)
    return Entered(outcome, row, kept(decision))


def kept(decision: Decision) -> Fault | None:
    """Return what the liaison is told of what stays as it was proved."""
    return Fault("kept_as_proved", " ".join(decision.notes)) if decision.notes else None


def remember(seen: Seen, row: UnitListRow | None) -> None:
    """Let the lines that were looked at together know of one another."""
    if row is not None and row.named_key:
        seen.by_named_key[row.named_key] = row
    if row is not None and row.doc_index:
        seen.rows[row.doc_index] = row


def owner_of(of: UnitList, key_group: str | None) -> Owner:
    """Return whom a list's sign-up counts for."""
    return Owner(of.unit_id, of.sector_id, key_group or of.key_group)


def put_down(of: UnitList, line: Understood, row: UnitListRow | None = None) -> UnitListRow:
    """Return the list's row of a person of whom only the name is known; one that was removed comes back."""
    return _written(row_named(of, line, row))


def put_on(of: UnitList, line: Understood, signup: Signup, row: UnitListRow | None = None) -> UnitListRow:
    """Return the list's row of a person who is signed up; a row that was only named, or removed, becomes it."""
    return _written(row_on(of, line, signup, row))


def row_named(of: UnitList, line: Understood, row: UnitListRow | None = None) -> UnitListRow:
    """Do what :func:`put_down` does, but does not write it: see :func:`write_rows`."""
    row = row or _new_row(of)
    _write_name(of, row, line.name)
    row.run_id, row.state, row.key_group = line.run.id, "named", line.key_group
    row.named_key = named_key(of, line.name, line.phone)
    row.phone_sealed = (
        privacy.seal(line.phone, place=UnitListRow.PLACE_PHONE, row=row.uid) if line.phone is not None else None
    )
    return _unconfirmed(row)


def row_on(of: UnitList, line: Understood, signup: Signup, row: UnitListRow | None = None) -> UnitListRow:
    """Do what :func:`put_on` does, but does not write it: see :func:`write_rows`."""
    row = row or _new_row(of)
    _write_name(of, row, line.name)
    row.run_id, row.state, row.key_group = line.run.id, "on", line.key_group
    row.signup_id, row.doc_index, row.phone_sealed = signup.id, line.doc_index, None
    return _unconfirmed(row)


def _done(of: UnitList, line: Understood, decision: Decision) -> tuple[str, UnitListRow | None]:
    if decision.plan == "same":
        return "same", decision.row
    if decision.plan == "name":
        return "named", put_down(of, line, decision.row)
    if decision.plan == "add":
        made = _signed_up(of, line)
        row = put_on(of, line, made.signup, decision.row)
        return "added" if made.rank is None else "waiting", row
    assert decision.row is not None and decision.signup is not None  # noqa: S101, PT018  a change has both
    _change(of, line, decision.row, decision.signup, decision.changes)
    return "changed", decision.row


def _signed_up(of: UnitList, line: Understood) -> Made:
    try:
        made = sign_up(line.run.id, line.entry, channel="import", owner=owner_of(of, line.key_group))
    except AlreadySignedUp:
        raise SignedUpAlone(field="doc_number") from None
    if not made.fresh:
        # The liaison's own place, made on the liaison's own phone.
        raise SignedUpAlone(field="doc_number")
    return made


def _change(of: UnitList, line: Understood, row: UnitListRow, signup: Signup, changes: Iterable[str]) -> None:
    assert line.reading is not None  # noqa: S101  a line without a document changes nothing
    own = [what for what in changes if what != "run"]
    if "name" in changes:
        signup.name, signup.name_raw = line.reading.name.name, line.reading.name.raw
        signup.sort_key = sort_key(signup.name)[:200]
        _write_name(of, row, line.name)
    if "latin_name" in changes:
        signup.latin_surname, signup.latin_given = line.reading.latin.surname, line.reading.latin.given
    if "phone" in changes:
        number = line.reading.phone.number
        signup.phone_index = privacy.phone_index(number)
        signup.phone_sealed = privacy.seal(number, place=Signup.PLACE_PHONE, row=signup.uid)
    if "key_group" in changes and line.key_group:
        signup.key_group = row.key_group = line.key_group
    if own:
        db.session.flush()
        audit.record("signup.corrected", signup, unit_id=of.unit_id, changed=sorted(own), by=f"list:{of.id}")
    if "run" in changes:
        move_row(row, signup, line.run.id)


def move_row(row: UnitListRow, signup: Signup, run_id: int) -> None:
    """Move to another run; while a seat there is not sure, the row goes on standing for the seat that is.

    What waited elsewhere by an earlier word ends: a seat there would take the person away from where this one leads.
    """
    elsewhere = [one for one in waiting_instead(signup) if one.run_id != run_id]
    all_locked({signup.run_id, run_id, *(one.run_id for one in elsewhere)})
    for one in elsewhere:
        withdraw(one, "不换了")
    if signup.run_id != run_id:
        made = move(signup, run_id)
        if made.rank is None:
            row.signup_id = made.signup.id
    row.run_id = run_id
    db.session.flush()


def _record_conflicts(of: UnitList, line: Understood, conflicts: Iterable[str]) -> None:
    for what in conflicts:
        person = db.session.scalars(db.select(Person).where(Person.doc_index == line.doc_index)).one()
        audit.record("person.conflict", person, unit_id=of.unit_id, what=what, by=f"list:{of.id}")


def _new_row(of: UnitList) -> UnitListRow:
    return UnitListRow(uid=ids.new_uid(), list_id=of.id, created_at=clock.now())


def _write_name(of: UnitList, row: UnitListRow, name: str) -> None:
    row.name_sealed = privacy.seal(name, place=UnitListRow.PLACE_NAME, row=row.uid)
    row.name_index = name_index(of, name)


def _unconfirmed(row: UnitListRow) -> UnitListRow:
    row.confirmed_at = None
    return row


def _written(row: UnitListRow) -> UnitListRow:
    db.session.add(row)
    db.session.flush()
    return row


def write_rows(rows: Iterable[UnitListRow]) -> None:
    """Write many rows, new ones in one statement; afterwards each has its id. None is of use beyond that."""
    # A name that stands twice in a sheet has one row.
    fresh = list(dict.fromkeys(row for row in rows if inspect(row).transient))
    db.session.flush()
    if fresh:
        blank = dict.fromkeys(name for name in table_of(UnitListRow).columns.keys() if name != "id")  # noqa: SIM118
        added = insert_each(UnitListRow, [{**blank, **values_of(row)} for row in fresh], by="uid")
        for row in fresh:
            row.id = added[row.uid]
