"""Changing who is on a list by a tap, until the run's list of names is final."""

from dataclasses import replace

from sqlalchemy import select

from chengjiu_mp.core import audit
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.entry import Entry, read_entry
from chengjiu_mp.courses.errors import RosterLocked, UnknownChoice
from chengjiu_mp.courses.locking import roster_locked
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.signing_up import Made
from chengjiu_mp.courses.substituting import substitute
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.lists.deciding import current_signup
from chengjiu_mp.lists.entering import move_row, put_on
from chengjiu_mp.lists.errors import OnOtherList, RowGone
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.lists.queries import runs_of, terms_of
from chengjiu_mp.lists.understanding import Understood


def remove(of: UnitList, row: UnitListRow, reason: str = "") -> None:
    """Take a person off the list and give the place back; doing it twice changes nothing.

    :raise RosterLocked: when the run's list of names is final; :raise CannotWithdraw: when the training has begun
    """
    if row.state == "removed":
        return
    signup = current_signup(row) if row.state == "on" else None
    _check_unlocked(signup.run_id if signup else row.run_id)
    if signup is not None:
        withdraw(signup, reason)
    row.state = "removed"
    db.session.flush()
    audit.record("unit_list.removed", row, unit_id=of.unit_id)


def change_run(of: UnitList, row: UnitListRow, run_id: int) -> None:
    """Move a person to another run of the list; the old place is kept until the new one is sure. Back to the run of the
    kept place it is a word taken back: the waiting place elsewhere ends.

    :raise UnknownChoice: a run that is not the list's; :raise RowGone: no place is left to move
    :raise RosterLocked: when the list of names of either run is final
    """
    if run_id not in {one.run.id for one in runs_of(of.id)}:
        raise UnknownChoice(field="run_id")
    _check_unlocked(run_id)
    if row.state == "named":
        row.run_id = run_id
        db.session.flush()
        return
    signup = _live(row)
    _check_unlocked(signup.run_id)
    move_row(row, signup, run_id)
    audit.record("unit_list.moved", row, unit_id=of.unit_id, run_id=run_id)


def send_instead(of: UnitList, row: UnitListRow, entry: Entry) -> Made:
    """Put another person into this one's place; the unit says that this person agrees.

    :param entry: its consents are the unit's word, as with an upload
    :raise RowGone: no place is left to pass on; :raise Refusal: what :func:`substitute` refuses
    """
    signup = _live(row)
    run = run_with_seats(signup.run_id).run
    entry = replace(entry, consents=terms_of(of).consents)
    reading = read_entry(entry, run)
    line = Understood(run, reading.name.name, row.key_group, entry, reading, reading.phone.number)
    known = db.session.scalars(
        select(UnitListRow).where(UnitListRow.list_id == of.id, UnitListRow.doc_index == line.doc_index)
    ).first()
    if known is not None and known.state != "removed":
        raise OnOtherList("这位已经在名单上，请换一位。", field="doc_number")
    made = substitute(signup, entry, channel="import", key_group=row.key_group)
    fresh = put_on(of, line, made.signup, known)
    row.state = "removed"
    db.session.flush()
    audit.record("unit_list.substituted", fresh, unit_id=of.unit_id, by=f"row:{row.id}")
    return made


def _live(row: UnitListRow) -> Signup:
    signup = current_signup(row) if row.state == "on" else None
    if signup is None or signup.state not in LIVE:
        raise RowGone
    return signup


def _check_unlocked(run_id: int) -> None:
    if roster_locked(db.session.get_one(CourseRun, run_id)):
        raise RosterLocked
