"""The private link: the own row by name and four digits, one answer for everything else, the ticket on the own phone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError

from chengjiu_mp.core import clock, privacy
from chengjiu_mp.core.db import db, execute, unit_of_work
from chengjiu_mp.core.errors import TooMany
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.rows import table_of
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists import claiming, errors, making, queries
from chengjiu_mp.lists.erasing import erase_named_before
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.people.errors import ConsentMissing
from chengjiu_mp.people.models import Consent
from chengjiu_mp.people.name_display import ERASED_NAME
from chengjiu_mp.signin import sessions
from tests import invariants, rosters, signups

ONE = rosters.person(1)


@pytest.fixture
def list_id(app) -> int:
    found = rosters.a_list()
    rosters.enrolled(found, rosters.sheet([rosters.person(n) for n in range(3)]))
    with unit_of_work():
        making.switch_link(db.session.get_one(UnitList, found), on=True)
    return found


def of(list_id: int) -> UnitList:
    return db.session.get_one(UnitList, list_id)


def device() -> int:
    with unit_of_work():
        return sessions.open_session("device")[1].id


def claimed(list_id: int, device_id: int, consents: Any = signups.BOTH) -> str:
    with unit_of_work():
        found = of(list_id)
        return claiming.claim(
            found, claiming.find_row(found, ONE["姓名"], ONE["手机号"][-4:]), list(consents), device_id
        )


@pytest.mark.parametrize("number", ["证件号码", "手机号"])
def test_name_and_four_digits_find_the_own_row(list_id, number):
    row = claiming.find_row(of(list_id), f" {ONE['姓名']} ", ONE[number][-4:])
    assert queries.name_of(row) == ONE["姓名"]


@pytest.mark.parametrize(
    ("name", "tail"),
    [(ONE["姓名"], "0000"), (ONE["姓名"], ""), ("不在册", ONE["手机号"][-4:]), (rosters.person(2)["姓名"], "0001")],
)
def test_whatever_does_not_fit_has_one_answer(list_id, name, tail):
    with pytest.raises(errors.NotOnList) as refused:
        claiming.find_row(of(list_id), name, tail)
    assert refused.value.sentence == errors.NotOnList.message


def test_a_claimed_row_is_confirmed_and_its_ticket_is_this_phones(list_id):
    phone = device()
    token = claimed(list_id, phone)
    signup = db.session.scalars(select(Signup).where(Signup.device_id == phone)).one()
    assert (signup.name, len(token)) == (ONE["姓名"], 26)
    assert queries.figures_of(list_id)["confirmed"] == 1
    channels = db.session.scalars(select(Consent.channel).where(Consent.signup_id == signup.id)).all()
    assert sorted(channels) == ["import", "import", "page", "page"]
    assert invariants.broken() == {}


def test_claiming_twice_is_once_and_another_phone_gets_nothing(list_id):
    phone = device()
    assert claimed(list_id, phone) == claimed(list_id, phone)
    stranger = device()
    with pytest.raises(errors.NotOnList):
        claimed(list_id, stranger)
    assert db.session.scalars(select(Signup.device_id).where(Signup.device_id.is_not(None))).all() == [phone]


def test_nothing_is_confirmed_without_the_notices(list_id):
    with pytest.raises(ConsentMissing):
        claimed(list_id, device(), consents=[])
    assert queries.figures_of(list_id)["confirmed"] == 0


def test_who_is_only_named_completes_the_row(list_id):
    run = queries.runs_of(list_id)[0].run
    with unit_of_work():
        making.put_names(of(list_id), run, "王芳\n\n王芳")
    new = signups.entry(name="王芳")
    with unit_of_work():
        found = of(list_id)
        row = claiming.find_row(found, "王芳", "")
        claiming.complete(found, row, new, sessions.open_session("device")[1].id)
    row = db.session.scalars(select(UnitListRow).order_by(UnitListRow.id.desc()).limit(1)).one()
    signup = db.session.get_one(Signup, row.signup_id)
    assert (row.state, row.confirmed_at, signup.channel, signup.name) == ("on", clock.now(), "unit_link", "王芳")
    assert set(db.session.scalars(select(Consent.channel).where(Consent.signup_id == signup.id))) == {"page"}
    assert invariants.broken() == {}


def test_a_row_is_completed_once(list_id):
    run = queries.runs_of(list_id)[0].run
    with unit_of_work():
        making.put_names(of(list_id), run, "王芳")
    with unit_of_work():
        found = of(list_id)
        row = claiming.find_row(found, "王芳", "")
        claiming.complete(found, row, signups.entry(name="王芳"), sessions.open_session("device")[1].id)
    with pytest.raises(errors.RowGone), unit_of_work():
        claiming.complete(of(list_id), db.session.get_one(UnitListRow, row.id), signups.entry(name="王芳"), 1)
    assert db.session.scalar(select(func.count()).where(Signup.name == "王芳")) == 1


def test_an_upload_changes_nothing_that_the_person_has_confirmed(list_id):
    claimed(list_id, device())
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 姓名="钱改名")]))
    assert rosters.lines(upload.id)[0].code == "kept_as_proved"
    assert db.session.scalar(select(func.count()).where(Signup.name == ONE["姓名"])) == 1


def test_the_tenth_guess_at_a_name_is_the_last_for_an_hour(list_id):
    for n in range(10):
        claiming.spend_claim_limits(of(list_id), ONE["姓名"], f"network{n}", None)
    with pytest.raises(TooMany):
        claiming.spend_claim_limits(of(list_id), ONE["姓名"], "elsewhere", None)
    claiming.spend_claim_limits(of(list_id), rosters.person(2)["姓名"], "elsewhere", None)


def test_a_name_with_blanks_that_nobody_sees_is_guessed_at_no_more_often(list_id):
    name, tail = ONE["姓名"], ONE["手机号"][-4:]
    ways = [f"{name[0]}{' ' * (n % 2)}{chr(0x200B) * n}{name[1:]}" for n in range(10)]
    for n, typed in enumerate(ways):
        claiming.spend_claim_limits(of(list_id), typed, f"network{n}", None)
        assert queries.name_of(claiming.find_row(of(list_id), typed, tail)) == name
    with pytest.raises(TooMany):
        claiming.spend_claim_limits(of(list_id), f"{name}{chr(0x200B) * 20}", "elsewhere", None)
    claiming.spend_claim_limits(of(list_id), "不是姓名1", "elsewhere", None)


def test_two_taps_at_once_confirm_once(list_id):
    phone = device()
    with unit_of_work():
        found = of(list_id)
        row = claiming.find_row(found, ONE["姓名"], ONE["手机号"][-4:])
        assert row.confirmed_at is None
        # The other tap's, which came first: what the session knows of the row is from before.
        execute(update(table_of(UnitListRow)).where(UnitListRow.id == row.id).values(confirmed_at=clock.now()))
        claiming.claim(found, row, list(signups.BOTH), phone)
    assert set(db.session.scalars(select(Consent.channel))) == {"import"}
    confirmed = AuditEntry.action == "unit_list.confirmed_by_person"
    assert db.session.scalar(select(func.count()).where(confirmed)) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
def test_completing_waits_for_the_list_before_it_holds_the_row(list_id):
    """An enrolment holds the list, then the run's places, then the row; the other way round they wait in a ring."""
    run = queries.runs_of(list_id)[0].run
    with unit_of_work():
        making.put_names(of(list_id), run, "王芳")
    with db.engine.begin() as enrolment:
        enrolment.execute(select(UnitList.id).where(UnitList.id == list_id).with_for_update())
        with pytest.raises(OperationalError), unit_of_work():
            db.session.execute(text("set local lock_timeout = '50ms'"))
            found = of(list_id)
            claiming.complete(found, claiming.find_row(found, "王芳", ""), signups.entry(name="王芳"), 1)


def test_what_was_found_is_forgotten_after_half_an_hour(list_id, frozen):
    row = claiming.find_row(of(list_id), ONE["姓名"], ONE["手机号"][-4:])
    handle = claiming.handle_of(of(list_id), row)
    assert claiming.row_of_handle(of(list_id), handle).id == row.id
    frozen.now += timedelta(minutes=31)
    for bad in (handle, "", "AAAA"):
        with pytest.raises(errors.ClaimExpired):
            claiming.row_of_handle(of(list_id), bad)


def test_a_link_closed_opens_nothing_and_opened_again_is_another(list_id):
    before = queries.link_of(of(list_id)).rpartition("/")[2]
    for on in (False, True):
        with unit_of_work():
            making.switch_link(of(list_id), on=on)
    after = queries.link_of(of(list_id)).rpartition("/")[2]
    assert queries.list_by_token(after).id == list_id
    with pytest.raises(Exception, match="not_found"):
        queries.list_by_token(before)


def test_who_was_named_and_never_came_is_forgotten_in_time(list_id, frozen):
    run = queries.runs_of(list_id)[0].run
    with unit_of_work():
        making.put_names(of(list_id), run, "王芳")
    named = select(UnitListRow).order_by(UnitListRow.id.desc()).limit(1)
    for moment, many in ((run.ends_at - timedelta(seconds=1), 0), (run.ends_at, 1), (run.ends_at, 0)):
        with unit_of_work():
            assert erase_named_before(moment, 100) == many
    row = db.session.scalars(named).one()
    assert (row.state, row.named_key) == ("removed", None)
    assert privacy.unseal(row.name_sealed, place=UnitListRow.PLACE_NAME, row=row.uid) == ERASED_NAME
    with pytest.raises(errors.NotOnList):
        claiming.find_row(of(list_id), "王芳", "")
