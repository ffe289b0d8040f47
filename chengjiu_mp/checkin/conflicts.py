"""What several phones say of one person: the earliest counts, the others stay beside it, marked (feat-N16)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from chengjiu_mp.checkin.fold import fold, live
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup

# A phone with a network uploads within seconds; what took longer waited on it.
_WAITED = timedelta(minutes=1)


@dataclass(frozen=True)
class Mark:
    """One phone's word. ``kept``: it is the check-in; the others are repeats. ``waited``: it was scanned offline."""

    scan_id: int
    scanned_at: datetime
    received_at: datetime
    by: str
    source: str
    kept: bool
    waited: bool


@dataclass(frozen=True)
class Conflict:
    """A person whom several checked in to one meeting; ``marks`` by their time, the one kept first."""

    signup_id: int
    name: str
    marks: Sequence[Mark]


def conflicts(run_id: int, meeting_id: int) -> list[Conflict]:
    """Return whom more than one phone checked in to the meeting, by name; what was annulled plays no part."""
    found = []
    for signup, scans in _scanned_twice(run_id, meeting_id):
        if len({(scan.account_id, scan.by_name) for scan in live(scans)}) > 1:
            found.append(Conflict(signup.id, signup.name, _marks(scans)))
    return found


def _scanned_twice(run_id: int, meeting_id: int) -> list[tuple[Signup, list[Scan]]]:
    several = (
        select(Scan.signup_id)
        .where(Scan.run_id == run_id, Scan.meeting_id == meeting_id, Scan.verdict != "refused")
        .group_by(Scan.signup_id)
        .having(func.count(Scan.id) > 1)
    )
    query = (
        select(Signup, Scan)
        .join(Scan, Scan.signup_id == Signup.id)
        .where(Scan.run_id == run_id, Scan.meeting_id == meeting_id, Signup.id.in_(several))
        .order_by(Signup.sort_key, Signup.id, Scan.id)
    )
    together: dict[int, tuple[Signup, list[Scan]]] = {}
    for signup, scan in db.session.execute(query):
        together.setdefault(signup.id, (signup, []))[1].append(scan)
    return list(together.values())


def _marks(scans: Sequence[Scan]) -> list[Mark]:
    winner = fold(scans)
    ordered = sorted(live(scans), key=lambda one: (one.scanned_at, one.nonce))
    return [
        Mark(
            one.id, one.scanned_at, one.received_at, one.by_name, one.source, kept=one is winner,
            waited=one.received_at - one.scanned_at > _WAITED,
        )
        for one in ordered
    ]  # fmt: skip
