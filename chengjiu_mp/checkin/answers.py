"""What a scan is answered: the same words for the same row, however often it is asked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import select

from chengjiu_mp.checkin import messages, policy
from chengjiu_mp.checkin.fold import as_it_stood
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.checkin.schemas import ScanAnswer, Verdict
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.policy import runs_visible_to


def answers_for(run: CourseRun, scans: Sequence[Scan], who: Principal) -> list[ScanAnswer]:
    """Return the answer of each scan, from the rows alone."""
    signups = _signups(scans)
    history = _history(run.id, {s.id for s in signups.values() if s.run_id == run.id})
    meetings = {m.id: m for m in db.session.scalars(select(Meeting).where(Meeting.run_id == run.id))}
    elsewhere = _other_days([s.run_id for s in signups.values() if s.run_id != run.id], who)
    answers = []
    for scan in scans:
        signup = signups.get(scan.signup_id or 0)
        ours = signup if signup is not None and signup.run_id == run.id else None
        first = as_it_stood(history[scan.signup_id, scan.meeting_id], scan) if scan.verdict != "refused" else None
        words = messages.sentence(
            scan.code, when=first.scanned_at if first else None, by=first.by_name if first else None,
            opens=policy.opens_at(meetings[scan.meeting_id]), other_day=elsewhere.get(signup.run_id if signup else 0),
        )  # fmt: skip
        answers.append(
            ScanAnswer(
                nonce=scan.nonce, verdict=cast("Verdict", scan.verdict), code=scan.code, message=words, scan_id=scan.id,
                first_at=first.scanned_at if first else None, by=first.by_name if first else None,
                name=ours.name if ours else None, signup_id=ours.id if ours else None,
            )
        )  # fmt: skip
    return answers


def answer_of(run: CourseRun, scan_id: int, who: Principal) -> ScanAnswer | None:
    """Return the answer of one scan of this run again, None when the run has no such scan."""
    scan = db.session.get(Scan, scan_id)
    if scan is None or scan.run_id != run.id or scan.annuls_id is not None:
        return None
    return answers_for(run, [scan], who)[0]


def _signups(scans: Iterable[Scan]) -> dict[int, Signup]:
    wanted = {scan.signup_id for scan in scans if scan.signup_id is not None}
    return {row.id: row for row in db.session.scalars(select(Signup).where(Signup.id.in_(wanted)))}


def _history(run_id: int, signup_ids: set[int]) -> dict[tuple[int | None, int], list[Scan]]:
    rows = db.session.scalars(select(Scan).where(Scan.run_id == run_id, Scan.signup_id.in_(signup_ids)))
    found: dict[tuple[int | None, int], list[Scan]] = defaultdict(list)
    for row in rows:
        found[row.signup_id, row.meeting_id].append(row)
    return found


def _other_days(run_ids: Sequence[int], who: Principal) -> dict[int, datetime]:
    """Return when those other runs begin that the caller may know of."""
    query = select(CourseRun.id, CourseRun.starts_at).where(CourseRun.id.in_(run_ids), runs_visible_to(who))
    return {run_id: begins for run_id, begins in db.session.execute(query)} if run_ids else {}  # noqa: C416
