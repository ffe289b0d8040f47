"""What a scan is answered: the same words for the same row, however often it is asked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from sqlalchemy import bindparam, or_, select

from chengjiu_mp.checkin import messages, policy
from chengjiu_mp.checkin.fold import as_it_stood
from chengjiu_mp.checkin.models import Scan
from chengjiu_mp.checkin.schemas import ScanAnswer, Verdict
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, execute
from chengjiu_mp.core.rows import as_read, table_of
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.policy import runs_visible_to

# Said by every scan, so built once; the rows are only looked at.
_MEETINGS = (
    select(table_of(Meeting))
    .where(table_of(Meeting).c.run_id == bindparam("run"))
    .order_by(table_of(Meeting).c.sequence)
)
_SCANS = select(table_of(Scan)).where(
    table_of(Scan).c.run_id == bindparam("run"),
    or_(
        table_of(Scan).c.nonce.in_(bindparam("nonces", expanding=True)),
        table_of(Scan).c.signup_id.in_(bindparam("who", expanding=True)),
    ),
)


@dataclass
class Facts:
    """What answers of a run's scans are made from.

    ``history``: {(sign-up, meeting): its scans in this run, annulments among them}, whole for every sign-up here.
    """

    meetings: dict[int, Meeting]
    signups: dict[int, Signup]
    history: dict[tuple[int | None, int], list[Scan]] = field(default_factory=lambda: defaultdict(list))

    def of(self, scan: Scan) -> list[Scan]:
        """Return the scans of the same sign-up and meeting."""
        return self.history[scan.signup_id, scan.meeting_id]


def meetings_of(run_id: int) -> dict[int, Meeting]:
    """Return the run's meetings by id, in their order, to look at."""
    rows = (as_read(Meeting, row) for row in execute(_MEETINGS, {"run": run_id}))
    return {row.id: row for row in rows}


def read_scans(run_id: int, facts: Facts, nonces: Iterable[str] = ()) -> dict[str, Scan]:
    """Add the history of the facts' sign-ups; return the scans of these nonces that are there already."""
    wanted = set(nonces)
    known = {}
    for row in execute(_SCANS, {"run": run_id, "nonces": list(wanted), "who": list(facts.signups)}):
        scan = as_read(Scan, row)
        if scan.nonce in wanted:
            known[scan.nonce] = scan
        if scan.signup_id in facts.signups:
            facts.of(scan).append(scan)
    return known


def facts_of(run_id: int, scans: Iterable[Scan]) -> Facts:
    """Return what the answers of these scans need."""
    wanted = {scan.signup_id for scan in scans if scan.signup_id is not None}
    signups = {row.id: row for row in db.session.scalars(select(Signup).where(Signup.id.in_(wanted)))}
    facts = Facts(meetings_of(run_id), signups)
    read_scans(run_id, facts)
    return facts


def answers_for(run: CourseRun, scans: Sequence[Scan], who: Principal, facts: Facts) -> list[ScanAnswer]:
    """Return the answer of each scan, from the rows alone; the facts hold the sign-ups of all of them."""
    signups = facts.signups
    elsewhere = _other_days([s.run_id for s in signups.values() if s.run_id != run.id], who)
    answers = []
    for scan in scans:
        signup = signups.get(scan.signup_id or 0)
        ours = signup if signup is not None and signup.run_id == run.id else None
        first = as_it_stood(facts.of(scan), scan) if scan.verdict != "refused" else None
        words = messages.sentence(
            scan.code, when=first.scanned_at if first else None, by=first.by_name if first else None,
            opens=policy.opens_at(facts.meetings[scan.meeting_id]),
            other_day=elsewhere.get(signup.run_id if signup else 0),
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
    return answers_for(run, [scan], who, facts_of(run.id, [scan]))[0]


def _other_days(run_ids: Sequence[int], who: Principal) -> dict[int, datetime]:
    """Return when those other runs begin that the caller may know of."""
    if not run_ids:
        return {}
    query = select(CourseRun.id, CourseRun.starts_at).where(CourseRun.id.in_(run_ids), runs_visible_to(who))
    return {run_id: begins for run_id, begins in db.session.execute(query)}  # noqa: C416
