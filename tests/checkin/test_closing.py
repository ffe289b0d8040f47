"""Closing a run: heads against check-ins, and paper that is entered afterwards."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin import attendance, paper
from chengjiu_mp.checkin.closing import closing_of
from chengjiu_mp.checkin.errors import LateEntryRefused, LateReasonMissing
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.schemas import ScanIn, Source
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses import errors, publishing
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import factories


class Room:
    """A run that begins in ten minutes, its instructor, and who holds a seat in it."""

    def __init__(self, kind: str, people: int) -> None:
        with factories.made():
            teacher = factories.instructor("陈建国")
            run = factories.run(kind, starts_in=timedelta(minutes=10), instructors=[teacher])
            self.people = [factories.signup(run, "张三" + "一二三四五"[n]).id for n in range(people)]
        self.run_id, self.account_id = run.id, teacher.account_id or 0
        self.meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()

    @property
    def run(self) -> CourseRun:
        return db.session.get_one(CourseRun, self.run_id)

    @property
    def who(self) -> context.Principal:
        row = db.session.get_one(Account, self.account_id)
        return context.Principal(account_id=row.id, name=row.name, grants=sessions.grants_of(row.id))

    def come(self, *which: int, source: Source = "name", late: str = ""):
        with unit_of_work():
            scans = [
                ScanIn(
                    nonce=f"n{n}{source}{len(late)}", signup_id=self.people[n],
                    meeting_id=self.meeting, scanned_at=clock.now(), source=source,
                )
                for n in which
            ]  # fmt: skip
            return record_scans(self.run_id, scans, self.who, late=late)

    def close(self, head_count: int | None = None, note: str = "") -> None:
        with unit_of_work():
            publishing.close(self.run, head_count, note)

    def outcome(self, n: int) -> str | None:
        return db.session.get_one(Signup, self.people[n]).outcome


@pytest.fixture
def room(app):
    return Room("cpr_aed", 3)


@pytest.mark.parametrize(("heads", "words"), [(1, "少 1 人"), (3, "多 1 人")])
def test_heads_that_differ_either_way_want_a_reason(room, frozen, heads, words):
    room.come(0, 1)
    frozen.now += timedelta(hours=3)
    with pytest.raises(errors.HeadCountUnexplained) as refused:
        room.close(heads)
    assert "签到 2 人" in refused.value.sentence
    assert words in refused.value.sentence
    assert (refused.value.field, refused.value.facts) == ("note", {"checked_in": 2})
    with pytest.raises(errors.HeadCountUnexplained):
        room.close(heads, "   ")
    room.close(heads, "数的时候有人在门外")
    assert (room.run.state, room.run.head_count_note) == ("closed", "数的时候有人在门外")


@pytest.mark.parametrize("heads", [2, None])
def test_heads_that_agree_or_were_not_counted_need_no_words(room, frozen, heads):
    room.come(0, 1)
    frozen.now += timedelta(hours=3)
    room.close(heads)
    assert (room.run.state, room.run.head_count) == ("closed", heads)


def test_more_heads_than_check_ins_are_what_a_popular_run_is_made_of(app, frozen):
    room = Room("popular", 2)
    room.come(0, 1)
    frozen.now += timedelta(hours=3)
    with pytest.raises(errors.HeadCountUnexplained):
        room.close(1)
    room.close(180)
    assert room.run.head_count == 180
    assert closing_of(room.run).off_by == 0


def _closed(room, frozen, heads=1, note=""):
    room.come(0)
    frozen.now += timedelta(hours=4)
    room.close(heads, note)
    frozen.now += timedelta(hours=1)


def test_paper_is_entered_after_closing_with_a_reason(room, frozen):
    _closed(room, frozen)
    assert room.outcome(1) == "absent"
    assert room.come(1, source="paper")[0].code == "run_closed"
    answer = room.come(1, source="paper", late="签到表下午才交回来")[0]
    assert (answer.verdict, room.outcome(1)) == ("accepted", "attended")
    scan = db.session.get_one(Scan, answer.scan_id)
    assert (scan.source, scan.reason) == ("paper", "签到表下午才交回来")
    made = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "checkin.made").order_by(AuditEntry.id))
    assert [row.facts.get("reason") for row in made] == [None, "签到表下午才交回来"]
    assert db.session.get_one(Signup, room.people[1]).phone_proved_at is None


def test_a_reason_opens_a_closed_run_to_paper_alone(room, frozen):
    room.come(0)
    frozen.now += timedelta(minutes=60)
    room.close()
    frozen.now += timedelta(minutes=5)
    assert room.come(1, late="b")[0].code == "run_closed"
    assert room.come(1, source="paper", late="b")[0].verdict == "accepted"


def test_a_week_after_the_meeting_it_is_over(room, frozen):
    _closed(room, frozen)
    frozen.now += timedelta(days=6, hours=20)
    assert room.come(1, source="paper", late="a")[0].verdict == "accepted"
    frozen.now += timedelta(hours=3)
    with factories.made():
        operator = factories.account("operator")
    scan = ScanIn(nonce="zz", signup_id=room.people[2], meeting_id=room.meeting, scanned_at=clock.now(), source="paper")
    who = context.Principal(account_id=operator.id, name="周敏", grants=sessions.grants_of(operator.id))
    with unit_of_work():
        assert record_scans(room.run_id, [scan], who, late="a")[0].code == "run_closed"


def test_results_that_were_handed_in_end_the_late_entry(room, frozen):
    _closed(room, frozen)
    with unit_of_work():
        room.run.attendance_fixed_at = clock.now()
    with pytest.raises(LateEntryRefused):
        room.come(1, source="paper", late="a")
    assert room.outcome(1) == "absent"


def test_a_typed_sheet_asks_for_the_reason_before_it_records_anything(room, frozen):
    _closed(room, frozen)
    code = db.session.get_one(Signup, room.people[1]).code
    scans = db.session.query(Scan).count()
    with pytest.raises(LateReasonMissing) as refused, unit_of_work():
        paper.enter_paper(room.run_id, room.meeting, code, "abcdefgh", room.who)
    assert (refused.value.field, db.session.query(Scan).count()) == ("reason", scans)
    with unit_of_work():
        entered = paper.enter_paper(room.run_id, room.meeting, code, "abcdefgh", room.who, late="表刚交回来")
    assert [one.verdict for one in entered] == ["accepted"]


def test_an_open_run_keeps_no_reason(room):
    assert room.come(0, source="paper", late="a")[0].verdict == "accepted"
    assert db.session.scalars(select(Scan.reason)).all() == [""]


def test_a_check_in_taken_back_after_closing_leaves_somebody_absent(room, frozen):
    _closed(room, frozen)
    scan = db.session.scalars(select(CheckIn.scan_id)).one()
    with unit_of_work():
        attendance.annul(scan, "签错了人", room.who)
    assert room.outcome(0) == "absent"


def test_the_head_count_is_compared_with_who_is_checked_in_now(room, frozen):
    _closed(room, frozen, 2, "一位没带手机，没签")
    assert (closing_of(room.run).off_by, closing_of(room.run).late) == (-1, 0)
    room.come(1, source="paper", late="a")
    assert (closing_of(room.run).off_by, closing_of(room.run).late) == (0, 1)
    room.come(2, source="paper", late="c")
    assert (closing_of(room.run).off_by, closing_of(room.run).late) == (1, 2)
