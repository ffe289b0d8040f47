"""Attended shares: from meetings, from exit scans where the syllabus asks, with an operator's corrections (feat-B10)."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.checkin.attended import attended_of, percent
from chengjiu_mp.checkin.attended_models import AttendanceCorrection, ExitScan
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.exams.errors import NotEnoughAttended
from chengjiu_mp.exams.models import ExamResult
from chengjiu_mp.exams.schemas import ResultIn
from chengjiu_mp.exams.service import save_results
from chengjiu_mp.exams.submission import submit_results
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.exams_rows import FAIL, PASS


class Course:
    """A run of so many three-hour meetings, a day apart, the first in ten minutes; 张三 holds a seat."""

    def __init__(self, client: FlaskClient, meetings: int, *, exits: bool = False, ratio: float = 0.9) -> None:
        self.client = client
        with factories.made():
            asked = factories.syllabus()
            asked.exit_scan, asked.min_attendance_ratio = exits, ratio
            teacher = factories.instructor("陈建国")
            run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
            for n in range(1, meetings):
                begins = run.starts_at + timedelta(days=n)
                db.session.add(
                    Meeting(run_id=run.id, sequence=n + 1, starts_at=begins, ends_at=begins + timedelta(hours=3))
                )
                run.ends_at = begins + timedelta(hours=3)
            self.signup_id = factories.signup(run, "张三").id
            self.operator = factories.bearer("operator")
            self.teacher = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        self.run_id, self.account_id = run.id, teacher.account_id or 0
        self.meetings = db.session.scalars(
            select(Meeting.id).where(Meeting.run_id == run.id).order_by(Meeting.sequence)
        ).all()

    @property
    def run(self) -> CourseRun:
        return db.session.get_one(CourseRun, self.run_id)

    @property
    def who(self) -> context.Principal:
        row = db.session.get_one(Account, self.account_id)
        return context.Principal(account_id=row.id, name=row.name, grants=sessions.grants_of(row.id))

    def come(self, n: int, after: int = 0) -> None:
        """Check in to the n-th meeting, so many minutes after its beginning."""
        meeting = db.session.get_one(Meeting, self.meetings[n])
        at = meeting.starts_at + timedelta(minutes=after)
        with clock.standing_at(at), unit_of_work():
            scan = ScanIn(nonce=f"in{n}", signup_id=self.signup_id, meeting_id=meeting.id, scanned_at=at)
            assert record_scans(self.run_id, [scan], self.who)[0].verdict == "accepted"

    def leave(self, n: int, after: int, nonce: str = "out", **values):
        """Scan out of the n-th meeting, so many minutes after its beginning."""
        at = db.session.get_one(Meeting, self.meetings[n]).starts_at + timedelta(minutes=after)
        scan = {
            "nonce": nonce, "signup_id": self.signup_id, "meeting_id": self.meetings[n],
            "scanned_at": at.isoformat(), **values,
        }  # fmt: skip
        with clock.standing_at(at):
            return self.client.post(f"/api/v1/runs/{self.run_id}/exits", json={"scans": [scan]}, headers=self.teacher)

    def over(self, frozen) -> None:
        frozen.now = self.run.ends_at + timedelta(minutes=5)
        with factories.made():
            self.operator = factories.bearer("operator")

    def share(self) -> int:
        return percent(attended_of(self.run, [self.signup_id])[self.signup_id].share)

    def save(self, points=PASS) -> None:
        with unit_of_work():
            save_results(self.run_id, [ResultIn(signup_id=self.signup_id, version=0, items=points)], self.who)

    def correct(self, minutes: int, who=None, reason: str = "师资证明在场"):
        return self.client.post(
            f"/api/v1/signups/{self.signup_id}/attendance", json={"minutes": minutes, "reason": reason},
            headers=who or self.operator,
        )  # fmt: skip


def test_one_meeting_and_a_check_in_are_all_of_it_however_late(client, frozen):
    course = Course(client, 1, ratio=1.0)
    course.come(0, after=100)
    assert course.share() == 100
    course.save()


def test_a_meeting_that_was_missed_is_missing(client, frozen):
    course = Course(client, 3)
    course.come(0)
    course.come(2)
    course.over(frozen)
    assert attended_of(course.run, [course.signup_id])[course.signup_id].words == "2/3 次 · 66%"


def test_who_attended_too_little_cannot_be_passed_until_an_operator_corrects_it(client, frozen):
    course = Course(client, 3)
    course.come(0)
    course.come(2)
    course.over(frozen)
    with pytest.raises(NotEnoughAttended) as refused:
        course.save()
    facts = {"signup_ids": [course.signup_id], "signup_id": course.signup_id, "share": 0.6667, "required": 0.9}
    assert (refused.value.field, refused.value.facts) == ("rows.0.signup_id", facts)
    assert db.session.scalars(select(ExamResult)).all() == []
    assert course.correct(150, who=course.teacher).status_code in (401, 403)
    assert course.correct(10, reason=" ").status_code == 422
    fixed = course.correct(150)
    assert (fixed.status_code, fixed.json["items"][0]["enough"], fixed.json["items"][0]["added"]) == (200, True, 150)
    course.save()
    row = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "attendance.corrected")).one()
    assert (row.facts["minutes"], row.facts["reason"]) == (150, "师资证明在场")


def test_who_attended_too_little_may_fail(client, frozen):
    course = Course(client, 3)
    course.come(0)
    course.over(frozen)
    course.save(FAIL)
    assert db.session.scalars(select(ExamResult.outcome)).one() == "failed"


def test_what_is_to_come_is_not_held_against_anybody_but_the_end_is(client, frozen):
    course = Course(client, 2)
    course.come(0)
    frozen.now += timedelta(hours=4)
    course.save()
    course.over(frozen)
    with pytest.raises(NotEnoughAttended), unit_of_work():
        submit_results(course.run_id, [], course.who)
    assert course.run.attendance_fixed_at is None


def test_where_no_exit_is_asked_none_is_taken(client, frozen):
    course = Course(client, 1)
    course.come(0)
    assert course.leave(0, 170).json["code"] == "exit_not_asked"


def test_minutes_run_from_the_check_in_to_the_latest_exit(client, frozen):
    course = Course(client, 1, exits=True)
    course.come(0, after=30)
    assert course.leave(0, 60, nonce="a").json["items"][0]["verdict"] == "accepted"
    assert course.leave(0, 150, nonce="b").json["items"][0]["code"] == "ok"
    found = attended_of(course.run, [course.signup_id])[course.signup_id]
    assert (found.minutes, found.planned, found.no_exit) == (120.0, 180.0, 0)
    first = course.leave(0, 90, nonce="a").json["items"][0]["left_at"]
    assert db.session.query(ExitScan).count() == 2
    assert first == course.leave(0, 60, nonce="a").json["items"][0]["left_at"]


@pytest.mark.parametrize(("came", "left", "minutes"), [(15, 165, 180), (16, 165, 164), (15, 164, 164), (16, 164, 148)])
def test_who_stands_in_the_line_at_the_door_misses_nothing(client, frozen, came, left, minutes):
    course = Course(client, 1, exits=True)
    course.come(0, after=came)
    course.leave(0, left)
    assert attended_of(course.run, [course.signup_id])[course.signup_id].minutes == minutes


@pytest.mark.parametrize(
    ("long", "came", "left", "minutes"),
    [(20, 14, 14, 0), (20, 5, 15, 20), (20, 6, 15, 14), (20, 0, 6, 6), (10, 8, 0, 0), (60, 15, 45, 60)],
)
def test_of_a_short_meeting_the_line_at_the_door_is_a_quarter(client, frozen, long, came, left, minutes):
    course = Course(client, 1, exits=True)
    with unit_of_work():
        meeting = db.session.get_one(Meeting, course.meetings[0])
        meeting.ends_at = meeting.starts_at + timedelta(minutes=long)
    course.come(0, after=came)
    course.leave(0, left)
    assert attended_of(course.run, [course.signup_id])[course.signup_id].minutes == minutes


def test_neither_early_nor_late_counts_beyond_the_meeting(client, frozen):
    course = Course(client, 1, exits=True)
    course.come(0, after=-10)
    course.leave(0, 200)
    assert attended_of(course.run, [course.signup_id])[course.signup_id].minutes == 180.0


def test_without_an_exit_nothing_counts_once_it_is_over(client, frozen):
    course = Course(client, 1, exits=True)
    course.come(0)
    frozen.now += timedelta(hours=1)
    assert attended_of(course.run, [course.signup_id])[course.signup_id].enough
    course.over(frozen)
    found = attended_of(course.run, [course.signup_id])[course.signup_id]
    assert (found.minutes, found.no_exit, found.enough, found.words) == (0.0, 1, False, "1/1 次 · 0%")
    assert course.leave(0, 180).json["items"][0]["verdict"] == "accepted"
    assert course.share() == 100


@pytest.mark.parametrize(
    ("comes", "after", "values", "code"),
    [
        (False, 60, {}, "not_here"),
        (True, -5, {}, "too_early"),
        (True, 60, {"signup_id": None, "ticket": "ZZZZZZ"}, "unknown_ticket"),
        (True, 60, {"meeting_id": 99}, "unknown_ticket"),
        (True, 301, {}, "exit_closed"),
    ],
)
def test_an_exit_of_nobody_who_is_there_is_refused(client, frozen, comes, after, values, code):
    course = Course(client, 1, exits=True)
    if comes:
        course.come(0, after=-10)
    said = course.leave(0, after, **values).json["items"][0]
    assert (said["verdict"], said["code"]) == ("refused", code)
    assert db.session.scalars(select(ExitScan)).all() == []


def test_an_exit_checks_nobody_in_and_out(client, frozen):
    course = Course(client, 1, exits=True)
    course.come(0)
    course.leave(0, 30)
    assert db.session.get_one(Signup, course.signup_id).outcome == "attended"
    again = course.client.get(f"/api/v1/runs/{course.run_id}/checkins", headers=course.teacher).json or {}
    assert (again["arrived"], again["items"][0]["checked_in"]) == (1, True)


def test_nothing_is_corrected_under_results_that_were_handed_in(client, frozen):
    course = Course(client, 2)
    course.come(0)
    course.over(frozen)
    with unit_of_work():
        course.run.attendance_fixed_at = clock.now()
    assert course.correct(60).json["code"] == "attendance_fixed"
    assert db.session.scalars(select(AttendanceCorrection)).all() == []


def test_another_unit_corrects_nothing(client, frozen):
    course = Course(client, 2)
    course.come(0)
    with factories.made():
        other = factories.bearer("operator", "nanzha")
    assert course.correct(60, who=other).status_code == 404
