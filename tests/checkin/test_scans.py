"""Verdicts, the fold, annulment, scope and races, on both databases."""

import contextlib
import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from chengjiu_mp.checkin import attendance, queries
from chengjiu_mp.checkin.errors import NothingToAnnul, RosterNotOpen
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.errors import CannotWithdraw
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.models import Account
from tests import factories

_nonces = iter(range(10_000_000))


def _who(account_id: int) -> context.Principal:
    row = db.session.get_one(Account, account_id)
    return context.Principal(account_id=row.id, name=row.name, grants=sessions.grants_of(row.id))


@pytest.fixture
def hall(app):
    """A run that begins in ten minutes, its instructor, and the way to scan in it."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
    return Hall(run.id, teacher.account_id or 0)


class Hall:
    def __init__(self, run_id: int, account_id: int) -> None:
        self.run_id, self.account_id = run_id, account_id

    @property
    def run(self) -> CourseRun:
        return db.session.get_one(CourseRun, self.run_id)

    @property
    def teacher(self) -> context.Principal:
        return _who(self.account_id)

    @property
    def meeting_id(self) -> int:
        return db.session.scalars(select(Meeting.id).where(Meeting.run_id == self.run_id, Meeting.sequence == 1)).one()

    def seat(self, name: str = "张三", **values) -> Signup:
        with factories.made():
            return factories.signup(self.run, name, **values)

    def scan(self, ticket=None, *, after: float = 0, **values) -> ScanIn:
        """Return a scan dated ``after`` minutes from now."""
        if isinstance(ticket, Signup):
            ticket = factories.ticket(ticket)
        values = {"nonce": f"nonce-{next(_nonces)}", "meeting_id": self.meeting_id, "ticket": ticket, **values}
        return ScanIn(scanned_at=clock.now() + timedelta(minutes=after), **values)

    def send(self, *scans: ScanIn, **options):
        who = options.pop("by", None) or self.teacher
        with unit_of_work():
            return record_scans(self.run_id, scans, who, **options)

    def one(self, *args, **values):
        return self.send(self.scan(*args, **values))[0]

    def check_ins(self) -> list[tuple]:
        return sorted(map(tuple, db.session.execute(select(CheckIn.signup_id, CheckIn.first_at, CheckIn.by_name))))


def test_a_first_scan_checks_in_and_proves_name_and_phone(hall):
    signup = hall.seat("张三")
    answer = hall.one(signup)
    assert (answer.verdict, answer.code, answer.by, answer.name) == ("accepted", "ok", "陈建国", "张三")
    assert answer.first_at == clock.now()
    row = db.session.get_one(Signup, signup.id)
    assert row.outcome == "attended"
    assert row.name_proved_at == row.phone_proved_at == clock.now()
    assert db.session.get_one(Person, row.person_id).name == "张三"
    assert db.session.scalars(select(Contact.phone_index)).one() == row.phone_index


def test_a_second_scan_says_when_and_by_whom(hall, frozen):
    signup, first = hall.seat(), clock.now()
    hall.one(signup)
    frozen.now += timedelta(minutes=7)
    answer = hall.one(signup)
    assert (answer.verdict, answer.code, answer.first_at, answer.by) == ("already", "already", first, "陈建国")
    assert answer.message == "12:00 已由陈建国签到，不用再扫。"


@pytest.mark.parametrize(
    "shape", ["https://x.test/i/{}", "https://x.test/i/{}?from=scan#top", "{}", " {} ", "HTTPS://X.TEST/I/{}"]
)
def test_a_ticket_is_read_as_link_or_token(hall, shape):
    assert hall.one(shape.format(factories.ticket(hall.seat()))).verdict == "accepted"


@pytest.mark.parametrize("typed", ["AB2C9K", "ab2c9k", "ab2 c9k", "ＡＢ２Ｃ９Ｋ", "AB2-C9K"])
def test_a_code_is_read_as_people_type_it(hall, typed):
    hall.seat(code="AB2C9K")
    assert hall.one(typed, source="code").verdict == "accepted"


def test_a_name_is_ticked_by_the_signup(hall):
    signup = hall.seat()
    assert hall.one(signup_id=signup.id, source="name").verdict == "accepted"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("withdrawn", "withdrawn"),
        ("pending", "pending"),
        ("lapsed", "lapsed"),
        ("moved", "moved"),
        ("refused", "lapsed"),
    ],
)
def test_who_holds_no_seat_is_refused_and_kept_visible(hall, state, code):
    answer = hall.one(hall.seat("李四", state=state))
    assert (answer.verdict, answer.code, answer.first_at, answer.by) == ("refused", code, None, None)
    assert [(one.code, one.name) for one in queries.refused_scans(hall.run_id)] == [(code, "李四")]
    assert hall.check_ins() == []


def test_a_waiting_person_is_refused(hall):
    assert hall.one(hall.seat(state="waitlisted", position=1)).code == "waitlisted"


def test_coming_takes_an_offered_seat(hall):
    signup = hall.seat(state="offered")
    assert hall.one(signup).verdict == "accepted"
    assert db.session.get_one(Signup, signup.id).state == "confirmed"


def test_a_ticket_of_another_run_of_mine_names_its_day_and_not_its_holder(hall):
    teacher = db.session.scalars(select(Instructor)).one()
    with factories.made():
        signup = factories.signup(factories.run(starts_in=timedelta(days=5), instructors=[teacher]), "王五")
    answer = hall.one(signup)
    assert (answer.code, answer.name, answer.signup_id) == ("wrong_run", None, None)
    assert answer.message == "不是本场的票，这张票是 11月28日（周六）12:00 那一场的。"
    assert queries.refused_scans(hall.run_id)[0].name is None


def test_a_ticket_of_a_strangers_run_names_no_day(hall):
    with factories.made():
        signup = factories.signup(factories.run(starts_in=timedelta(days=5)))
    assert hall.one(signup).message == "不是本场的票。请核对票上的日期和地点。"


@pytest.mark.parametrize(
    ("text", "code"),
    [("a" * 26, "unknown_ticket"), ("ZZZZZZ", "unknown_ticket"), ("https://x.test/v/" + "a" * 26, "not_a_ticket"), ("你好", "not_a_ticket")],
)  # fmt: skip
def test_what_is_no_ticket_is_refused(hall, text, code):
    answer = hall.one(text)
    assert (answer.verdict, answer.code) == ("refused", code)
    assert len(queries.refused_scans(hall.run_id)) == 1


def test_a_signup_of_another_run_is_unknown(hall):
    with factories.made():
        signup = factories.signup(factories.run())
    assert hall.one(signup_id=signup.id, source="name").code == "unknown_ticket"


def test_a_code_is_looked_up_in_this_run_alone(hall):
    here = hall.seat(code="AB2C9K")
    with factories.made():
        there = [factories.signup(factories.run(), code="AB2C9K") for _ in range(5)]
    answers = hall.send(*map(hall.scan, there), hall.scan("AB2C9K", source="code"))
    assert {a.code for a in answers[:5]} == {"wrong_run"}
    assert (answers[5].code, answers[5].signup_id) == ("ok", here.id)


def test_a_meeting_of_another_run_is_refused(hall):
    with factories.made():
        other = factories.run()
    stray = db.session.scalars(select(Meeting.id).where(Meeting.run_id == other.id)).one()
    assert hall.one(hall.seat(), meeting_id=stray).code == "unknown_meeting"


@pytest.mark.parametrize(
    ("minutes", "code"), [(-21, "too_early"), (-20, "ok"), (190 + 120, "ok"), (190 + 121, "run_closed")]
)
def test_the_window_is_judged_by_when_it_was_scanned(hall, frozen, minutes, code):
    signup, begins = hall.seat(), clock.now()
    frozen.now = begins + timedelta(days=3)
    scanned = hall.scan(signup).model_copy(update={"scanned_at": begins + timedelta(minutes=minutes)})
    assert hall.send(scanned)[0].code == code


def test_a_paper_list_is_typed_in_for_a_week_and_proves_no_phone(hall, frozen):
    signup = hall.seat()
    frozen.now += timedelta(days=6)
    assert hall.one(signup_id=signup.id, source="paper").verdict == "accepted"
    assert db.session.get_one(Signup, signup.id).phone_proved_at is None


def test_a_run_that_was_closed_takes_late_uploads_of_earlier_scans_only(hall, frozen):
    early, late = hall.seat("早"), hall.seat("晚")
    before = hall.scan(early)
    frozen.now += timedelta(minutes=60)
    with unit_of_work():
        run = hall.run
        run.state, run.closed_at = "closed", clock.now()
    frozen.now += timedelta(minutes=5)
    assert [a.code for a in hall.send(before, hall.scan(late))] == ["ok", "run_closed"]


@pytest.mark.parametrize("state", ["draft", "cancelled"])
def test_a_run_that_is_not_open_takes_nobody(hall, state):
    signup = hall.seat()
    with unit_of_work():
        hall.run.state = state
    assert hall.one(signup).code == "run_not_open"


def test_a_phone_clock_that_is_ahead_is_put_right(hall):
    ahead = timedelta(minutes=50)
    scan = hall.scan(hall.seat(), after=50)
    hall.send(scan, sent_at=clock.now() + ahead)
    kept = db.session.scalars(select(Scan)).one()
    assert (kept.scanned_at, kept.reason) == (clock.now(), "手机时间相差 -3000 秒，已校正")


def test_a_scan_from_the_future_is_dated_by_its_arrival(hall):
    assert hall.one(hall.seat(), after=6).first_at == clock.now()
    assert db.session.scalars(select(Scan.reason)).one() == "手机时间超前，已按收到的时间记"


def test_the_same_upload_again_changes_nothing_and_is_answered_the_same(hall, frozen):
    signup = hall.seat()
    scans = [hall.scan(signup), hall.scan(signup), hall.scan("ZZZZZZ")]
    first = hall.send(*scans)
    state, audits = hall.check_ins(), db.session.scalar(select(func.count()).select_from(AuditEntry))
    frozen.now += timedelta(minutes=30)
    hall.send(hall.scan(signup, after=-31))
    assert [hall.send(*scans), [hall.send(one)[0] for one in scans]] == [first, first]
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 4
    assert audits is not None
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == audits + 1
    assert hall.check_ins() != state


@pytest.mark.parametrize("seed", range(6))
def test_order_repetition_and_batches_play_no_part_in_the_end(hall, frozen, seed):
    """rel-C4, F20: the same set of scans from two phones, shuffled, split and repeated."""
    people = [hall.seat(f"人{n}") for n in range(5)] + [hall.seat("候", state="waitlisted", position=1)]
    source = random.Random(0)
    scans = [hall.scan(source.choice(people), after=source.randrange(0, 4)) for _ in range(24)] + [hall.scan("ZZZZZZ")]
    expected: dict[int, tuple] = {}
    for scan in scans:
        signup = next(p for p in people if factories.ticket(p) == scan.ticket) if scan.ticket != "ZZZZZZ" else None
        if signup is not None and signup.state == "confirmed":
            best = expected.get(signup.id)
            expected[signup.id] = min(filter(None, [best, (scan.scanned_at, scan.nonce)]))
    frozen.now += timedelta(minutes=5)
    shuffle = random.Random(seed)
    arriving = scans * 3
    shuffle.shuffle(arriving)
    while arriving:
        size = shuffle.randrange(1, 12)
        hall.send(*arriving[:size])
        arriving = arriving[size:]
    rows = db.session.execute(
        select(CheckIn.signup_id, Scan.scanned_at, Scan.nonce).join(Scan, Scan.id == CheckIn.scan_id)
    )
    assert {signup_id: (at, nonce) for signup_id, at, nonce in rows} == expected
    assert {k: at for k, at, _ in hall.check_ins()} == {k: at for k, (at, _) in expected.items()}
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 25
    accepted = select(func.count()).select_from(Scan).where(Scan.verdict == "accepted")
    assert db.session.scalar(accepted) == len(expected)


def test_annulling_takes_the_person_back_out_and_lets_them_in_again(hall):
    signup = hall.seat()
    first, second = hall.one(signup), hall.one(signup, after=1)
    with unit_of_work():
        attendance.annul(first.scan_id, "认错人了", hall.teacher)
    assert hall.check_ins() == []
    assert db.session.get_one(Signup, signup.id, populate_existing=True).outcome is None
    kept = db.session.execute(select(Scan.annuls_id, Scan.reason).where(Scan.annuls_id.is_not(None))).all()
    assert sorted(kept) == [(first.scan_id, "认错人了"), (second.scan_id, "认错人了")]
    assert hall.one(signup).verdict == "accepted"
    assert len(hall.check_ins()) == 1


def test_what_checks_nobody_in_cannot_be_annulled(hall):
    refused, accepted = hall.one("ZZZZZZ"), hall.one(hall.seat())
    with unit_of_work():
        attendance.annul(accepted.scan_id, "点错", hall.teacher)
    annulment = db.session.scalars(select(Scan.id).where(Scan.annuls_id.is_not(None))).one()
    for scan_id in (refused.scan_id, accepted.scan_id, annulment):
        with pytest.raises(NothingToAnnul), unit_of_work():
            attendance.annul(scan_id, "点错", hall.teacher)


def test_a_check_in_to_another_meeting_keeps_the_outcome(hall, frozen):
    signup, first = hall.seat(), hall.meeting_id
    begins = hall.run.starts_at + timedelta(hours=1)
    with factories.made():
        db.session.add(Meeting(run_id=hall.run_id, sequence=2, starts_at=begins, ends_at=begins + timedelta(hours=1)))
    second = db.session.scalars(select(Meeting.id).where(Meeting.sequence == 2)).one()
    frozen.now = begins
    mistaken = hall.one(signup, meeting_id=first)
    hall.one(signup, meeting_id=second)
    with unit_of_work():
        attendance.annul(mistaken.scan_id, "点错", hall.teacher)
    assert db.session.scalars(select(CheckIn.meeting_id)).all() == [second]
    assert db.session.get_one(Signup, signup.id).outcome == "attended"


def test_every_change_leaves_an_audit_row(hall):
    answer = hall.one(hall.seat())
    with unit_of_work():
        attendance.annul(answer.scan_id, "点错", hall.teacher)
    actions = set(db.session.scalars(select(AuditEntry.action)))
    assert {"scans.recorded", "checkin.made", "checkin.annulled"} <= actions


def test_only_its_instructor_and_operators_in_scope_may(hall):
    scan = hall.scan(hall.seat())
    with factories.made():
        stranger = factories.instructor("刘芳").account_id or 0
        far = factories.account("operator", "zhouzhuang").id
        near = factories.account("operator", "chengjiang").id
        reader = factories.account("approver").id
    for account_id in (stranger, far, reader):
        with pytest.raises(NotFound):
            hall.send(scan, by=_who(account_id))
    assert hall.send(scan, by=_who(near))[0].verdict == "accepted"


@pytest.mark.parametrize(("days", "open_"), [(-2, False), (-1, True), (7, True), (8, False)])
def test_an_instructor_meets_the_roster_around_its_days(hall, frozen, days, open_):
    scan = hall.scan("ZZZZZZ")
    frozen.now = hall.run.starts_at + timedelta(days=days)
    if open_:
        assert hall.send(scan)[0].verdict == "refused"
    else:
        with pytest.raises(RosterNotOpen):
            hall.send(scan)


def _race(app, work, times: int) -> list:
    answers, start = [], threading.Barrier(times)

    def run(n: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with contextlib.suppress(CannotWithdraw), unit_of_work():
                    answers.extend(work(n))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("same_nonce", [True, False])
def test_a_hundred_scans_at_once_are_one_check_in(app, hall, same_nonce):
    scan, who = hall.scan(hall.seat()), hall.teacher
    db.session.remove()

    def work(n: int) -> list:
        one = scan if same_nonce else scan.model_copy(update={"nonce": f"nonce-{n}-race"})
        return record_scans(hall.run_id, [one], who)

    verdicts = [a.verdict for a in _race(app, work, 100)]
    assert verdicts.count("accepted") == (100 if same_nonce else 1)
    assert set(verdicts) <= {"accepted", "already"}
    assert len(hall.check_ins()) == 1
    assert db.session.scalar(select(func.count()).select_from(Scan)) == (1 if same_nonce else 100)


def test_a_refused_scan_sent_many_times_at_once_is_kept_once(app, hall):
    scan, who = hall.scan("ZZZZZZ"), hall.teacher
    db.session.remove()
    answers = _race(app, lambda n: record_scans(hall.run_id, [scan], who), 20)
    assert len(answers) == 20
    assert db.session.scalar(select(func.count()).select_from(Scan)) == 1


def test_nobody_is_both_withdrawn_and_here(app, hall):
    """rel-S7: whichever comes first wins, the other is refused."""
    scans = {signup.id: hall.scan(signup) for signup in (hall.seat(f"人{n}") for n in range(8))}
    who, ids = hall.teacher, list(scans)
    db.session.remove()

    def work(n: int) -> list:
        if n % 2:
            return record_scans(hall.run_id, [scans[ids[n // 2]]], who)
        withdraw(db.session.get_one(Signup, ids[n // 2]))
        return []

    _race(app, work, 16)
    both = select(func.count()).select_from(Signup).where(Signup.state == "withdrawn", Signup.outcome == "attended")
    assert db.session.scalar(both) == 0
