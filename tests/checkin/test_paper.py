"""The printed sheet and what comes back of it: eight codes are eight check-ins, whoever typed what twice."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin import paper
from chengjiu_mp.checkin.errors import NothingTyped, RosterNotOpen, TooManyTyped
from chengjiu_mp.checkin.models import CheckIn, PaperSheet, Scan
from chengjiu_mp.core import context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import CourseRun, Meeting, Signup
from chengjiu_mp.signin import sessions
from tests import factories

KEY = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def room(app):
    """Eight people in a run that begins in ten minutes, sorted by name, and its instructor."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        rows = [factories.signup(run, f"学员{n}", sort_key=f"{n}", code=f"AB2C9{c}") for n, c in enumerate("ABCDEFGH")]
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id)).one()
        ids, codes = [row.id for row in rows], [row.code for row in rows]
        grants = sessions.grants_of(teacher.account_id or 0)
        who = context.Principal(account_id=teacher.account_id, name="陈建国", grants=grants)
    return SimpleNamespace(run=run.id, meeting=meeting, who=who, ids=ids, codes=codes)


def enter(room, text, key=KEY, **values):
    with unit_of_work():
        return paper.enter_paper(room.run, values.get("meeting", room.meeting), text, key, values.get("by", room.who))


def printed(room):
    with unit_of_work(), context.acting_as(room.who):
        return paper.print_sheet(room.run, room.meeting, room.who)


def joined(room, name, sort_key):
    with factories.made():
        return factories.signup(db.session.get_one(CourseRun, room.run), name, sort_key=sort_key).id


def here() -> list[int]:
    return sorted(db.session.scalars(select(CheckIn.signup_id)))


def test_eight_codes_are_eight_check_ins_from_paper(room):
    answers = enter(room, " ".join(room.codes))
    assert [(one.verdict, one.name) for one in answers] == [("accepted", f"学员{n}") for n in range(8)]
    assert here() == room.ids
    assert db.session.scalars(select(Scan.source)).all() == ["paper"] * 8


def test_paper_proves_nobodys_phone(room):
    enter(room, room.codes[0])
    row = db.session.get_one(Signup, room.ids[0])
    assert (row.outcome, row.name_proved_at, row.phone_proved_at) == ("attended", None, None)


def test_the_same_form_twice_is_answered_as_the_first_time(room):
    first, again = enter(room, "AB2C9A ab2c9b"), enter(room, "AB2C9A ab2c9b")
    assert [one.verdict for one in first] == [one.verdict for one in again] == ["accepted"] * 2
    assert len(db.session.scalars(select(Scan)).all()) == 2


def test_another_form_says_who_is_in_already(room):
    enter(room, "AB2C9A")
    (again,) = enter(room, "ab2c9a", key="z" * 26)
    assert (again.verdict, again.sentence) == ("already", "12:00 已由陈建国签到，不用再扫。")
    assert here() == room.ids[:1]


def test_right_and_wrong_are_answered_one_by_one(room):
    waiting = joined(room, "候补", "9")
    with factories.made():
        row = db.session.get_one(Signup, waiting)
        row.state, row.code = "withdrawn", "ZZ2Z9Z"
    answers = enter(room, "AB2C9A QQ2Q9Q 张三 ZZ2Z9Z 1")
    assert [one.verdict for one in answers] == ["accepted", "refused", "refused", "refused", "refused"]
    said = [one.sentence for one in answers[1:]]
    for sentence, words in zip(
        said, ("没有找到这张票", "“张三”看不懂", "报名已取消", "签到表上没有 1 号"), strict=True
    ):
        assert words in sentence
    assert here() == room.ids[:1]


def test_no_code_is_kept_with_the_scans(room):
    enter(room, "AB2C9A QQ2Q9Q")
    kept = "".join(f"{one.nonce}{one.reason}" for one in db.session.scalars(select(Scan))).upper()
    assert "AB2C9A" not in kept
    assert "QQ2Q9Q" not in kept


def test_row_numbers_are_those_of_the_printed_sheet(room):
    sheet = printed(room)
    assert [(row.number, row.name) for row in sheet.rows] == [(n + 1, f"学员{n}") for n in range(8)]
    assert [one.name for one in enter(room, "3，8号")] == ["学员2", "学员7"]


def test_a_sheet_holds_no_document_and_four_digits_of_the_phone(room):
    row = printed(room).rows[0]
    assert len(row.phone_end) == 4
    assert (row.code, row.url.rpartition("/")[2]) == (
        room.codes[0],
        factories.ticket(db.session.get_one(Signup, room.ids[0])),
    )
    assert not {name for name in vars(row) if "doc" in name}


def test_printing_is_in_the_trail_and_printing_again_is_the_same_sheet(room):
    assert [printed(room).number, printed(room).number] == [1, 1]
    assert len(db.session.scalars(select(PaperSheet)).all()) == 1
    told = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "checkin.sheet_printed")).all()
    assert [(one.actor_id, one.facts["rows"]) for one in told] == [(room.who.account_id, 8)] * 2


def test_a_number_that_means_two_people_asks_for_the_sheet(room):
    printed(room)
    late = joined(room, "新来的", "05")
    assert printed(room).number == 2
    (first, second) = enter(room, "1 2")
    assert (first.name, second.verdict) == ("学员0", "refused")
    assert "如 2-2" in second.sentence
    assert [one.name for one in enter(room, "1-2，2-2", key="z" * 26)] == ["学员1", "新来的"]
    assert here() == sorted([*room.ids[:2], late])


@pytest.mark.parametrize(("text", "words"), [("9", "没有 9 号"), ("7-1", "没有印过表号 7"), ("1-9", "没有 9 号")])
def test_a_row_that_is_not_there_says_so(room, text, words):
    printed(room)
    assert words in enter(room, text)[0].sentence
    assert db.session.scalars(select(Scan)).all() == []


def test_nothing_and_too_much_are_refused(room):
    with pytest.raises(NothingTyped):
        enter(room, " ，")
    with pytest.raises(TooManyTyped):
        enter(room, " ".join(str(n) for n in range(1, 202)))


def test_who_may_not_check_in_may_neither_print_nor_enter(room, frozen):
    with factories.made():
        other = factories.instructor("刘芳").account_id
    stranger = context.Principal(account_id=other, name="刘芳", grants=sessions.grants_of(other or 0))
    with pytest.raises(NotFound):
        enter(room, "AB2C9A", by=stranger)
    frozen.now += timedelta(days=9)
    with pytest.raises(RosterNotOpen):
        printed(room)
