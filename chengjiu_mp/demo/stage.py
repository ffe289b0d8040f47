"""The chain as the seeds walk it: by the product's own services, at the time when it happened."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from chengjiu_mp.certificates import issuing
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db
from chengjiu_mp.courses import publishing
from chengjiu_mp.courses.drafting import Draft, draft_run
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.sittings import Sitting
from chengjiu_mp.demo.people import Extra
from chengjiu_mp.exams import submission
from chengjiu_mp.exams.queries import items_of_run
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.service import save_results
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.reference import NOTICES
from chengjiu_mp.signin.models import Account
from chengjiu_mp.signin.service import principal_of_account

CONSENTS = tuple(ConsentIn(purpose=purpose, version=1) for purpose in NOTICES)


@dataclass(frozen=True)
class Plot:
    """A run to be. ``begins`` is its first meeting's start; ``hours`` its length; ``days`` how many meetings."""

    kind: str
    title: str
    unit_id: int
    venue_id: int
    begins: datetime
    instructors: Sequence[Instructor]
    hours: float = 3
    days: int = 1
    capacity: int = 50
    sector: str = "community"
    key_group: str | None = None
    online: bool = False


@dataclass
class Stage:
    """Who acts: the operator plans, the approver confirms."""

    operator: Account
    approver: Account

    def announce(self, plot: Plot) -> CourseRun:
        """Draft and publish a run, three weeks before it begins or now, whichever is earlier."""
        meetings = [
            Sitting(plot.begins + timedelta(days=n), plot.begins + timedelta(days=n, hours=plot.hours))
            for n in range(plot.days)
        ]
        with _at(min(clock.now(), plot.begins - timedelta(days=21)), self.operator):
            run = draft_run(Draft(
                kind=plot.kind, unit_id=plot.unit_id, venue_id=plot.venue_id, meetings=meetings, sector=plot.sector,
                title=plot.title, capacity=plot.capacity, instructor_ids=[one.id for one in plot.instructors],
                key_group=plot.key_group, online=plot.online, signup_closes_at=meetings[-1].ends_at,
            ))  # fmt: skip
            publishing.publish(run)
        return run

    def enrol(self, run: CourseRun, people: Iterable[Extra], *, unit_ids: Sequence[int] = ()) -> list[Signup]:
        """Sign people up one after the other; owner units from ``unit_ids`` in turn, else the run's."""
        made = []
        moment = min(clock.now(), run.starts_at - timedelta(days=7))
        with clock.standing_at(max(moment, run.signup_opens_at)), context.acting_as(context.PUBLIC):
            for n, one in enumerate(people):
                entry = Entry(one.name, one.document, one.phone, consents=CONSENTS, health_notice_read=True)
                row = sign_up(run.id, entry, channel="page").signup
                if unit_ids:
                    row.owner_unit_id = unit_ids[n % len(unit_ids)]
                made.append(row)
        db.session.flush()
        return made

    def check_in(self, run: CourseRun, signups: Iterable[Signup], teacher: Instructor) -> None:
        """Tick people off in every meeting, a few seconds apart."""
        meetings = db.session.scalars(select(Meeting).where(Meeting.run_id == run.id).order_by(Meeting.sequence)).all()
        present = list(signups)
        for meeting in meetings:
            moment = min(meeting.starts_at + timedelta(minutes=5), clock.now())
            with clock.standing_at(moment):
                scans = [
                    ScanIn(
                        nonce=f"seed-{meeting.id}-{row.id}", signup_id=row.id, meeting_id=meeting.id,
                        scanned_at=moment - timedelta(seconds=7 * n), source="name",
                    )
                    for n, row in enumerate(reversed(present))
                ]  # fmt: skip
                record_scans(run.id, scans, _caller(teacher.account_id))

    def examine(self, run: CourseRun, signups: Sequence[Signup], teacher: Instructor, *, failing: int = 0) -> None:
        """Enter everybody's points; the last ``failing`` people do not pass."""
        items = items_of_run(run)
        with clock.standing_at(min(run.ends_at + timedelta(minutes=10), clock.now())):
            rows = [
                ResultIn(signup_id=row.id, version=0, items={
                    item.code: 60.0 if n >= len(signups) - failing else 84.0 + (row.id + len(item.code)) % 16
                    for item in items
                })
                for n, row in enumerate(signups)
            ]  # fmt: skip
            save_results(run.id, rows, _caller(teacher.account_id))

    def submit(self, run: CourseRun, teacher: Instructor) -> None:
        with clock.standing_at(min(run.ends_at + timedelta(minutes=20), clock.now())):
            submission.submit_results(run.id, (), _caller(teacher.account_id))

    def confirm(self, run: CourseRun) -> list[Certificate]:
        """Let the approver confirm the next day, and close the run."""
        with _at(min(run.ends_at + timedelta(days=1), clock.now()), self.approver):
            return issuing.confirm(run.id, _caller(self.approver.id))

    def close(self, run: CourseRun, head_count: int | None = None) -> None:
        with _at(min(run.ends_at + timedelta(hours=1), clock.now()), self.operator):
            publishing.close(run, head_count)

    def hold(self, plot: Plot, people: Iterable[Extra], *, absent: int = 0, failing: int = 0) -> list[Certificate]:
        """Walk a certified run from its poster to its certificates."""
        run, teacher = self.announce(plot), plot.instructors[0]
        signups = self.enrol(run, people)
        present = signups[: len(signups) - absent]
        self.check_in(run, present, teacher)
        self.examine(run, present, teacher, failing=failing)
        self.submit(run, teacher)
        self.close(run, len(present))
        return self.confirm(run)


@contextmanager
def _at(moment: datetime, who: Account) -> Iterator[None]:
    """Act as an account at a moment."""
    with clock.standing_at(moment), context.acting_as(_caller(who.id)):
        yield


def _caller(account_id: int | None) -> context.Principal:
    if account_id is None:
        raise ValueError("an instructor on stage has an account")
    return principal_of_account(account_id)
