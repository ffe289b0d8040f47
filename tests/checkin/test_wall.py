"""Check-in by the wall's code: whose, once, by whose phone, what is refused and kept, and the second scan."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin import attendance, queries, wall_queries
from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.checkin.schemas import ScanIn
from chengjiu_mp.checkin.service import record_scans
from chengjiu_mp.checkin.wall_checkin import check_in
from chengjiu_mp.checkin.wall_displays import open_display
from chengjiu_mp.checkin.wall_errors import (
    NobodyTicked,
    WallCodeOld,
    WallElsewhere,
    WallEnded,
    WallNotYours,
    WallOver,
    WallTooEarly,
    WallTooSlow,
)
from chengjiu_mp.checkin.wall_judging import judge_claim, judge_code, keep_refused
from chengjiu_mp.checkin.wall_models import WallDisplay, WallPresence
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.signin.models import SignInSession
from tests import factories
from tests.checkin.wall_hall import WallHall, count, signup


@pytest.fixture
def hall(app):
    return WallHall()


def verdicts(answers) -> list[tuple[str, str, bool]]:
    return [(one.verdict, one.code, one.second) for one in answers]


def test_a_phone_checks_in_its_own_and_proves_nothing(hall):
    phone = hall.phone()
    mine = hall.seat(phone)
    assert verdicts(hall.come(phone, mine)) == [("accepted", "ok", False)]
    row = signup(mine)
    assert (row.outcome, row.name_proved_at, row.phone_proved_at) == ("attended", None, None)
    scan = db.session.scalars(select(Scan)).one()
    assert (scan.source, scan.by_name, scan.meeting_id) == ("wall", "墙上的码", hall.meeting.id)
    assert db.session.scalars(select(CheckIn.first_at)).one() == clock.now()
    presence = db.session.scalars(select(WallPresence)).one()
    assert (presence.second, presence.device_id, presence.display_id) == (False, phone.device_id, hall.display_id)


def test_looking_at_the_page_checks_nobody_in(hall):
    phone = hall.phone()
    hall.seat(phone)
    hall.claim(phone)
    assert (count(Scan), count(CheckIn), count(WallPresence)) == (0, 0, 0)


def test_a_family_ticks_who_came(hall):
    phone = hall.phone()
    mother, son, aunt = (hall.seat(phone, name) for name in ("母", "子", "姨"))
    assert len(hall.come(phone, mother, son)) == 2
    assert set(db.session.scalars(select(CheckIn.signup_id))) == {mother, son}
    assert signup(aunt).outcome is None


def test_coming_takes_an_offered_seat(hall):
    phone = hall.phone()
    mine = hall.seat(phone, state="offered")
    assert verdicts(hall.come(phone, mine)) == [("accepted", "ok", False)]
    assert signup(mine).state == "confirmed"


@pytest.mark.parametrize(("state", "extra"), [("waitlisted", {"position": 1}), ("pending", {})])
def test_who_holds_no_seat_is_refused_and_kept_visible(hall, state, extra):
    phone = hall.phone()
    mine = hall.seat(phone, "李四", state=state, **extra)
    assert verdicts(hall.come(phone, mine)) == [("refused", state, False)]
    assert [(one.code, one.name, one.source) for one in queries.refused_scans(hall.run_id)] == [(state, "李四", "wall")]
    assert count(CheckIn) == 0


def test_nobody_ticked_is_asked_again(hall):
    phone = hall.phone()
    hall.seat(phone)
    with pytest.raises(NobodyTicked):
        hall.come(phone)


def test_who_signed_up_on_another_phone_is_refused(hall):
    """A code forwarded within its life to somebody who holds another's sign-up number opens nothing."""
    phone, stranger = hall.phone(), hall.phone()
    theirs, own = hall.seat(phone), hall.seat(stranger, "李四")
    for ids in ([theirs], [own, theirs], [999_999]):
        with pytest.raises(WallNotYours):
            hall.come(stranger, *ids)
    assert (count(CheckIn), count(Scan)) == (0, 0)


def test_a_claim_forwarded_to_another_phone_is_refused_and_kept(hall):
    phone, stranger = hall.phone(), hall.phone()
    hall.seat(phone)
    theirs = hall.seat(stranger, "李四")
    claim = hall.claim(phone)
    for who in (stranger, context.PUBLIC, hall.teacher):
        with pytest.raises(WallElsewhere):
            hall.tap(claim, [theirs], who)
    with unit_of_work():
        assert keep_refused(judge_claim(claim, stranger)[0], stranger) == 1
    assert [(one.code, one.name) for one in queries.refused_scans(hall.run_id)] == [("wall_elsewhere", "李四")]
    assert count(CheckIn) == 0


def test_a_changed_claim_is_refused(hall):
    phone = hall.phone()
    mine, claim = hall.seat(phone), hall.claim(phone)
    for n in range(len(claim)):
        with pytest.raises(WallElsewhere):
            hall.tap(f"{claim[:n]}{'0' if claim[n] != '0' else '1'}{claim[n + 1 :]}", [mine], phone)
    assert count(CheckIn) == 0


def test_an_account_opens_what_its_phones_signed_up(hall):
    with factories.made():
        who = factories.account("trainee")
        account_id = who.id
    home, here = hall.phone(), hall.phone()
    mine = hall.seat(home)
    with unit_of_work():
        db.session.get_one(SignInSession, home.device_id).account_id = account_id
    signed_in = context.Principal(account_id=account_id, device_id=here.device_id)
    assert verdicts(hall.come(signed_in, mine)) == [("accepted", "ok", False)]


def test_a_proved_number_opens_what_was_signed_up_with_it(hall):
    with factories.made():
        account_id = factories.account("trainee").id
    here = hall.phone()
    mine = hall.seat(hall.phone(), "李四")
    proved = context.Principal(account_id=account_id, device_id=here.device_id, phone_index=signup(mine).phone_index)
    assert verdicts(hall.come(proved, mine)) == [("accepted", "ok", False)]


def test_two_minutes_remain_to_tap_and_no_more(hall, frozen):
    phone = hall.phone()
    mine, claim, begins = hall.seat(phone), hall.claim(phone), frozen.now
    frozen.now = begins + timedelta(seconds=121)
    with pytest.raises(WallTooSlow):
        hall.tap(claim, [mine], phone)
    frozen.now = begins + timedelta(seconds=120)
    assert verdicts(hall.tap(claim, [mine], phone)) == [("accepted", "ok", False)]
    assert db.session.scalars(select(WallPresence.took_ms)).one() == 120_000


def test_a_claim_of_an_ended_display_is_refused(hall):
    phone = hall.phone()
    mine, claim = hall.seat(phone), hall.claim(phone)
    hall.end()
    with pytest.raises(WallEnded):
        hall.tap(claim, [mine], phone)


def test_a_claim_does_not_outlive_the_meeting(hall, frozen):
    phone = hall.phone()
    mine = hall.seat(phone)
    frozen.now = hall.meeting.ends_at
    claim = hall.claim(phone)
    frozen.now += timedelta(seconds=1)
    with pytest.raises(WallOver):
        hall.tap(claim, [mine], phone)


def test_the_same_tap_again_is_answered_the_same_and_adds_nothing(hall):
    phone = hall.phone()
    mine, claim = hall.seat(phone), hall.claim(phone)
    first = hall.tap(claim, [mine], phone)
    assert [hall.tap(claim, [mine], phone) for _ in range(5)] == [first] * 5
    assert (count(Scan), count(CheckIn), count(WallPresence)) == (1, 1, 1)


def test_a_later_code_says_already(hall, frozen):
    phone = hall.phone()
    mine = hall.seat(phone)
    hall.come(phone, mine)
    first = db.session.scalars(select(CheckIn.first_at)).one()
    frozen.now += timedelta(seconds=30)
    assert verdicts(hall.come(phone, mine)) == [("already", "already", False)]
    assert db.session.scalars(select(CheckIn.first_at)).one() == first


def test_who_was_taken_back_out_scans_again_with_a_new_code(hall, frozen):
    phone = hall.phone()
    mine, claim = hall.seat(phone), hall.claim(phone)
    hall.tap(claim, [mine], phone)
    with unit_of_work():
        attendance.annul(db.session.scalars(select(Scan.id)).one(), "人不在", hall.teacher)
    assert verdicts(hall.tap(claim, [mine], phone)) == [("refused", "wall_old", False)]
    assert count(CheckIn) == 0
    frozen.now += timedelta(seconds=15)
    assert verdicts(hall.come(phone, mine)) == [("accepted", "ok", False)]


def _race(app, work, times: int) -> list:
    answers, start = [], threading.Barrier(times)

    def run(n: int) -> None:
        with app.app_context():
            start.wait()
            try:
                with unit_of_work():
                    answers.append(work(n))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_hundred_replays_at_once_are_one_check_in(app, hall):
    """rel-A7."""
    phone = hall.phone()
    mine, claim = hall.seat(phone), hall.claim(phone)
    db.session.remove()
    answers = _race(app, lambda _: check_in(claim, [mine], phone), 100)
    assert len(answers) == 100
    assert {one.verdict for (one,) in answers} == {"accepted"}
    assert (count(Scan), count(CheckIn), count(WallPresence)) == (1, 1, 1)


def test_many_displays_opened_at_once_by_one_hand_are_one(app, hall):
    hall.end()
    who = hall.teacher
    db.session.remove()
    found = _race(app, lambda _: open_display(hall.run_id, None, who).id, 12)
    assert len(set(found)) == 1
    assert count(WallDisplay) == 2


def test_an_old_screenshot_is_kept_once_and_does_not_flood(hall, frozen):
    phone = hall.phone()
    hall.seat(phone, "李四")
    codes = []
    for _ in range(20):
        codes.append(hall.code())
        frozen.now += timedelta(seconds=15)
    frozen.now += timedelta(seconds=40)
    for code in codes * 2:
        judged = judge_code(code)
        assert isinstance(judged.refusal, WallCodeOld)
        with unit_of_work():
            keep_refused(judged, phone)
    kept = queries.refused_scans(hall.run_id)
    assert {(one.code, one.name, one.source) for one in kept} == {("wall_old", "李四", "wall")}
    assert len(kept) == 6


def test_a_phone_without_a_signup_leaves_nothing(hall, frozen):
    code = hall.code()
    hall.seat(hall.phone())
    frozen.now += timedelta(seconds=40)
    for who in (hall.phone(), context.PUBLIC):
        with unit_of_work():
            assert keep_refused(judge_code(code), who) == 0
    assert count(Scan) == 0


def test_only_who_may_check_in_opens_reads_and_ends(hall):
    with factories.made():
        stranger = factories.instructor("刘芳").account_id or 0
        far = factories.account("operator", "zhouzhuang").id
        near = factories.account("operator", "chengjiang").id
    other = WallHall()
    for account_id in (stranger, far):
        with pytest.raises(NotFound):
            hall.open(by=account_id)
    with pytest.raises(NotFound):
        hall.shown(other.display_id)
    with pytest.raises(NotFound), unit_of_work():
        open_display(hall.run_id, other.meeting.id, hall.teacher)
    assert hall.open(by=near) != hall.display_id
    assert hall.open() == hall.display_id
    assert [hall.display.number, db.session.scalars(select(WallDisplay.number).order_by(WallDisplay.id)).all()[-1]] == [
        1,
        2,
    ]


def test_a_display_is_not_opened_outside_of_its_hours(app, frozen):
    hall = WallHall()
    begins, ends = hall.meeting.starts_at, hall.meeting.ends_at
    frozen.now = begins - timedelta(minutes=31)
    with pytest.raises(WallTooEarly):
        hall.open()
    frozen.now = ends + timedelta(seconds=1)
    with pytest.raises(WallOver):
        hall.open()


def test_opening_ending_and_scanning_leave_audit_rows(hall):
    phone = hall.phone()
    hall.come(phone, hall.seat(phone))
    hall.end()
    hall.end()
    actions = list(db.session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("wall.%"))))
    assert sorted(actions) == ["wall.ended", "wall.opened", "wall.scanned"]


def second_of(hall: WallHall):
    at = hall.display.second_at
    assert at is not None
    return at


def test_the_second_scan_begins_at_a_random_time_after_half_time(app, frozen):
    hall, starts = WallHall(), set()
    half, last = hall.meeting.starts_at + timedelta(minutes=90), hall.meeting.ends_at - timedelta(minutes=10)
    for _ in range(12):
        starts.add(second_of(hall))
        assert half <= second_of(hall) <= last
        frozen.now = last + timedelta(minutes=10)
        hall.end()
        frozen.now = hall.meeting.starts_at
        with unit_of_work():
            for row in db.session.scalars(select(WallDisplay)):
                row.second_at = None
        hall.display_id = hall.open()
    assert len(starts) > 6


def test_all_screens_of_a_meeting_ask_at_the_same_time(hall):
    with factories.made():
        operator = factories.account("operator", "chengjiang").id
    second = db.session.get_one(WallDisplay, hall.open(by=operator))
    assert second.second_at == second_of(hall)


def test_a_lecture_asks_no_second_scan(app):
    hall = WallHall("popular")
    assert hall.run.exam_scheme_id is None
    assert hall.display.second_at is None


def test_a_second_scan_shows_who_is_still_there(hall, frozen):
    one, two = hall.phone(), hall.phone()
    stays, leaves = hall.seat(one, "留"), hall.seat(two, "走")
    for phone, mine in ((one, stays), (two, leaves)):
        hall.come(phone, mine)
    assert not hall.shown().second
    roster = wall_queries.on_roster(hall.run, hall.meeting)
    assert (roster.people, list(roster.unseen)) == (2, [])
    frozen.now = second_of(hall)
    assert hall.shown().second
    assert verdicts(hall.come(one, stays)) == [("accepted", "ok", True)]
    assert verdicts(hall.come(one, stays)) == [("accepted", "ok", True)]
    assert (count(WallPresence, WallPresence.second), count(CheckIn)) == (1, 2)
    assert [row.name for row in wall_queries.on_roster(hall.run, hall.meeting).unseen] == ["走"]
    assert wall_queries.by_wall(hall.run) == wall_queries.ByWall(people=2, unseen=1)
    frozen.now = second_of(hall) + timedelta(minutes=10)
    assert not hall.shown().second
    assert verdicts(hall.come(two, leaves)) == [("already", "already", False)]
    assert wall_queries.by_wall(hall.run).unseen == 1


def test_the_instructors_tick_takes_somebody_off_the_list(hall, frozen):
    phone = hall.phone()
    mine = hall.seat(phone)
    hall.come(phone, mine)
    frozen.now = second_of(hall)
    assert len(wall_queries.on_roster(hall.run, hall.meeting).unseen) == 1
    tick = ScanIn(nonce="tick-1", signup_id=mine, meeting_id=hall.meeting.id, scanned_at=clock.now(), source="name")
    with unit_of_work():
        record_scans(hall.run_id, [tick], hall.teacher)
    assert wall_queries.on_roster(hall.run, hall.meeting).unseen == []
    assert wall_queries.by_wall(hall.run) == wall_queries.ByWall(people=0, unseen=0)


def test_who_was_checked_in_face_to_face_needs_no_second_scan(hall, frozen):
    phone = hall.phone()
    mine = hall.seat(phone)
    scan = ScanIn(nonce="cam-1", signup_id=mine, meeting_id=hall.meeting.id, scanned_at=clock.now(), source="camera")
    with unit_of_work():
        record_scans(hall.run_id, [scan], hall.teacher)
    frozen.now = second_of(hall)
    assert verdicts(hall.come(phone, mine)) == [("already", "already", False)]
    assert wall_queries.on_roster(hall.run, hall.meeting).unseen == []
    assert count(WallPresence, WallPresence.second) == 0


def test_who_comes_during_the_second_scan_has_scanned_once(hall, frozen):
    """Late by half: the instructor looks at them, whatever they scan."""
    phone = hall.phone()
    mine = hall.seat(phone)
    frozen.now = second_of(hall) + timedelta(minutes=1)
    hall.come(phone, mine)
    frozen.now += timedelta(minutes=1)
    assert verdicts(hall.come(phone, mine)) == [("already", "already", False)]
    assert [one.signup_id for one in wall_queries.on_roster(hall.run, hall.meeting).unseen] == [mine]


def test_a_screen_opened_too_late_for_a_second_scan_leaves_them_to_be_looked_at(app, frozen):
    hall = WallHall(starts_in=timedelta(hours=-2, minutes=-55))
    assert hall.display.second_at is None
    phone = hall.phone()
    hall.come(phone, hall.seat(phone))
    assert wall_queries.by_wall(hall.run).unseen == 0
    frozen.now = hall.meeting.ends_at
    assert wall_queries.by_wall(hall.run).unseen == 1


def test_a_missed_second_scan_can_be_asked_again_by_a_new_screen(hall, frozen):
    phone = hall.phone()
    mine = hall.seat(phone)
    hall.come(phone, mine)
    with unit_of_work():
        db.session.get_one(WallDisplay, hall.display_id).second_at = hall.meeting.starts_at + timedelta(minutes=91)
    frozen.now = hall.meeting.starts_at + timedelta(minutes=102)
    hall.end()
    hall.display_id = hall.open()
    assert frozen.now <= second_of(hall) <= hall.meeting.ends_at - timedelta(minutes=10)
    frozen.now = second_of(hall)
    assert verdicts(hall.come(phone, mine)) == [("accepted", "ok", True)]
    assert wall_queries.by_wall(hall.run) == wall_queries.ByWall(people=1, unseen=0)


def test_many_on_one_phone_and_a_quick_hand_are_hints_and_no_refusal(hall, frozen):
    phone, quick = hall.phone(), hall.phone()
    family = [hall.seat(phone, f"人{n}") for n in range(5)]
    claim = hall.claim(phone)
    frozen.now += timedelta(seconds=4)
    assert {one.verdict for one in hall.tap(claim, family[:4], phone)} == {"accepted"}
    assert wall_queries.on_roster(hall.run, hall.meeting).hints == []
    assert hall.tap(claim, family[4:], phone)[0].verdict == "accepted"
    assert hall.come(quick, hall.seat(quick, "快"))[0].verdict == "accepted"
    hints = wall_queries.on_roster(hall.run, hall.meeting).hints
    assert [(one.kind, list(one.names)) for one in hints] == [("many", [f"人{n}" for n in range(5)]), ("quick", ["快"])]
