"""The enrolment, by a worker: some lines a transaction; a line's outcome is written with its effect (rel-M1, F23).

Who kills the worker in the middle loses at most the lines of one transaction, which are done again.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from chengjiu_mp.core import audit, clock, context, privacy
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, end_read, unit_of_work
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.many_rows import update_each
from chengjiu_mp.courses.seats import all_locked
from chengjiu_mp.lists import uploading
from chengjiu_mp.lists.deciding import Seen, look
from chengjiu_mp.lists.entering import Entered, enter
from chengjiu_mp.lists.models import UnitList, UnitListLine, UnitListUpload
from chengjiu_mp.lists.pacing import rest
from chengjiu_mp.lists.queries import terms_of
from chengjiu_mp.lists.sheet import values_of
from chengjiu_mp.lists.together import enter_together
from chengjiu_mp.lists.understanding import Fault, Terms, Understood, fault_of, understand
from chengjiu_mp.lists.upload_queries import counts_of
from chengjiu_mp.signin.sessions import grants_of

LEG_SECONDS = 8.0
# Lines that go together: some twentieth of a second, so that nobody else who signs up waits long for the run's row.
CHUNK = 50
# Lines that must go one by one.
BATCH = 5


def enrol_leg(upload_id: int) -> Callable[[], None] | None:
    """Enrol as many lines as fit into one leg; return what ends it, None when nothing is left to do."""
    upload = db.session.get(UnitListUpload, upload_id)
    if upload is None or upload.state != "enrolling":
        return None
    until, finished, leg_from = time.monotonic() + LEG_SECONDS, _finished(upload_id), upload.leg_from
    if finished > leg_from:
        # A worker was killed here after it got on: its successor begins a leg with attempts of its own.
        return lambda: uploading.next_leg(upload_id, uploading.ENROL, finished)
    if not finished:
        _reject_faults(upload_id)
    ahead = Ahead()
    with context.acting_as(_liaison(upload.uploaded_by)):
        while _enrol_some(upload_id, ahead):
            if time.monotonic() > until:
                return lambda: uploading.next_leg(upload_id, uploading.ENROL, _finished(upload_id))
    return lambda: _finish(upload_id)


def _liaison(account_id: int | None) -> Principal:
    """Return who uploaded it, so that the audit trail says on whose word people were signed up."""
    if account_id is None:
        return context.SYSTEM
    return Principal(account_id=account_id, grants=grants_of(account_id))


@dataclass
class Ahead:
    """Lines that were read before their transaction began, {line id: what it says}, and the terms they were read by."""

    terms: Terms | None = None
    read: dict[int, Understood | Fault] = field(default_factory=dict)

    def of(self, lines: Sequence[UnitListLine], head: list[str], terms: Terms) -> list[Understood | Fault]:
        """Return what these lines say by ``terms``; only what is not known by the same terms is read now."""
        known = self.read if terms == self.terms else {}
        found = [known.get(line.id) or _understood(line, head, terms) for line in lines]
        # Only these are kept: of a long sheet what is done is of no use any more.
        self.terms, self.read = terms, {line.id: one for line, one in zip(lines, found, strict=True)}
        return found


def _enrol_some(upload_id: int, ahead: Ahead) -> bool:
    """Enrol the next lines in one transaction; return whether there were any."""
    _read_ahead(upload_id, ahead)
    began = time.monotonic()
    with unit_of_work():
        # The row's lock: whoever lost the lease meanwhile waits here, and then finds these lines done.
        upload = db.session.get_one(UnitListUpload, upload_id, with_for_update=True)
        of = db.session.get_one(UnitList, upload.list_id, with_for_update=True)
        lines = _next_lines(upload_id)
        read = ahead.of(lines, head_of(upload), terms_of(of))
        done = enter_together(of, read, _look(of, read)) if lines else []
        if not done:
            read = read[:BATCH]
            seen = _look(of, read)
            _hold_places(read, seen)
            done = [enter(of, one, seen) if isinstance(one, Understood) else _refused(one) for one in read]
        _write(lines[: len(done)], done)
    if lines:
        rest(began)
    return bool(lines)


def _read_ahead(upload_id: int, ahead: Ahead) -> None:
    """Read the next lines while nobody waits for us."""
    upload = db.session.get_one(UnitListUpload, upload_id)
    of = db.session.get_one(UnitList, upload.list_id)
    ahead.of(_next_lines(upload_id), head_of(upload), terms_of(of))
    end_read()


def _next_lines(upload_id: int) -> Sequence[UnitListLine]:
    pending = (UnitListLine.upload_id == upload_id, UnitListLine.outcome.is_(None))
    return db.session.scalars(select(UnitListLine).where(*pending).order_by(UnitListLine.number).limit(CHUNK)).all()


def _look(of: UnitList, read: Sequence[Understood | Fault]) -> Seen:
    return look(of, [one for one in read if isinstance(one, Understood)])


def _hold_places(read: Sequence[Understood | Fault], seen: Seen) -> None:
    """Lock the places of every run that these lines lead to or from, in the one order: line by line they would be
    taken as they stand in the sheet, and whoever moves between two of them would wait for us in a ring (rel-F16).
    """
    runs = {one.run.id for one in read if isinstance(one, Understood)}
    runs |= {signup.run_id for held in seen.live.values() for signup in held}
    if runs:
        all_locked(runs)


def _refused(fault: Fault) -> Entered:
    return Entered("rejected", told=fault)


def head_of(upload: UnitListUpload) -> list[str]:
    """Return the header of the file as it stood; empty once shredded."""
    if upload.head_sealed is None:
        return []
    found: list[str] = json.loads(privacy.unseal(upload.head_sealed, place=UnitListUpload.PLACE_HEAD, row=upload.uid))
    return found


def cells_of(line: UnitListLine) -> list[str] | None:
    """Return a line's cells as they stood, None once shredded."""
    if line.cells_sealed is None:
        return None
    found: list[str] = json.loads(privacy.unseal(line.cells_sealed, place=UnitListLine.PLACE, row=line.uid))
    return found


def _reject_faults(upload_id: int) -> None:
    faults = (UnitListLine.upload_id == upload_id, UnitListLine.plan == "fault", UnitListLine.outcome.is_(None))
    with unit_of_work():
        db.session.execute(update(UnitListLine).where(*faults).values(outcome="rejected"))


def _understood(line: UnitListLine, head: list[str], terms: Terms) -> Understood | Fault:
    try:
        return understand(values_of(head, cells_of(line) or []), terms)
    except Refusal as refusal:
        # It was right at the dry run: a run left the list, or a birthday came, in between.
        return fault_of(refusal)


def _write(lines: Sequence[UnitListLine], done: Sequence[Entered]) -> None:
    rows = []
    for line, entered in zip(lines, done, strict=True):
        told = entered.told or Fault("", "")
        rows.append({
            "id": line.id, "outcome": entered.outcome, "row_id": entered.row.id if entered.row else None,
            "code": told.code, "reason": told.reason, "field": told.column[:20],
        })  # fmt: skip
    if rows:
        update_each(UnitListLine, rows)


def _finished(upload_id: int) -> int:
    done = (UnitListLine.upload_id == upload_id, UnitListLine.outcome.is_not(None))
    return db.session.scalar(select(func.count()).select_from(UnitListLine).where(*done)) or 0


def _finish(upload_id: int) -> None:
    upload = db.session.get_one(UnitListUpload, upload_id)
    upload.state, upload.done_at = "done", clock.now()
    db.session.flush()
    of = db.session.get_one(UnitList, upload.list_id)
    counts = {word: count for word, count in counts_of(upload_id).items() if count}
    audit.record("unit_list.imported", of, unit_id=of.unit_id, upload=upload_id, counts=counts)
