"""Deputies: a copy of one's own right with an end, named by who holds it, and nobody decides on their own work."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates.issuing import confirm
from chengjiu_mp.core import clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.exams.errors import SamePerson
from chengjiu_mp.exams.queries import submissions_waiting_for
from chengjiu_mp.signin import deputies, sessions
from chengjiu_mp.signin.errors import DeputyDates, DeputyNamed, DeputyUnknown, NotToDeputize
from chengjiu_mp.signin.models import Account, RoleGrant
from tests import exams_rows, factories, issued

WEEK = timedelta(days=7)


def person(role: str, unit: str | None = None, **grant: Any) -> Account:
    with factories.made():
        return factories.account(role, unit, **grant)


def acting(account: Account) -> Principal:
    return Principal(account_id=account.id, name=account.name, grants=sessions.grants_of(account.id))


def headers(account: Account) -> dict[str, str]:
    with factories.made():
        return factories.headers_of(account)


def lend(by: Account, to: Account, first: int = 0, last: int = 7) -> RoleGrant:
    today = clock.today()
    with unit_of_work():
        mine = deputies.standing_grants(acting(by))
        return deputies.name_deputy(
            acting(by), mine[0].id if mine else 0, to.id, today + timedelta(days=first), today + timedelta(days=last)
        )


def test_a_deputy_confirms_in_the_approvers_place_and_not_after(app: Flask, frozen: Any) -> None:
    chief, stand_in = person("approver"), person("operator")
    run, _ = issued.ready_run("张三")
    lend(chief, stand_in)
    (waiting,) = submissions_waiting_for(acting(chief))
    assert any("代理至" in name for name in waiting.approvers)
    with unit_of_work():
        assert len(confirm(run.id, acting(stand_in))) == 1
    late, _ = issued.ready_run("李四")
    frozen.now += WEEK + timedelta(days=1)
    with pytest.raises(NotFound), unit_of_work():
        confirm(late.id, acting(stand_in))


def test_a_deputy_does_not_confirm_what_they_submitted(app: Flask) -> None:
    chief, stand_in = person("approver"), person("operator")
    lend(chief, stand_in)
    with factories.made():
        run = exams_rows.past_run()
        exams_rows.result(exams_rows.attended(run, "张三"))
        exams_rows.submitted(run, stand_in)
    with pytest.raises(SamePerson), unit_of_work():
        confirm(run.id, acting(stand_in))


def test_a_deputy_names_no_deputy(app: Flask) -> None:
    chief, stand_in, third = person("approver"), person("operator"), person("operator")
    lend(chief, stand_in)
    assert deputies.candidates(acting(stand_in)) == []
    with pytest.raises(NotToDeputize):
        lend(stand_in, third)


def test_a_grant_that_reads_lends_nothing(app: Flask) -> None:
    reader, other = person("approver", read_only=True), person("operator")
    with pytest.raises(NotToDeputize):
        lend(reader, other)


def test_a_towns_approver_names_their_own_people_over_their_own_town(app: Flask) -> None:
    chief = person("approver", "chengjiang")
    own, foreign, city = person("unit_manager", "chengjiang"), person("unit_manager", "huashi"), person("operator")
    assert [one for one, _ in deputies.candidates(acting(chief))] == [own.id]
    for stranger in (foreign, city, chief):
        with pytest.raises(DeputyUnknown):
            lend(chief, stranger)
    lend(chief, own)
    made = deputies.deputies_of(acting(chief))[0].grant
    number = made.id
    assert made.unit_id == deputies.standing_grants(acting(chief))[0].unit_id
    other = person("approver", "huashi")
    assert deputies.deputies_of(acting(other)) == []
    with pytest.raises(NotFound), unit_of_work():
        deputies.end_deputy(acting(other), number)


def test_somebody_elses_grant_cannot_be_lent(app: Flask) -> None:
    chief, town, helper = person("approver"), person("approver", "chengjiang"), person("unit_manager", "chengjiang")
    theirs = deputies.standing_grants(acting(chief))[0].id
    with pytest.raises(NotToDeputize), unit_of_work():
        deputies.name_deputy(acting(town), theirs, helper.id, clock.today(), clock.today())


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (5, 4), (0, 61)])
def test_days_that_make_no_sense_are_refused(app: Flask, first: int, last: int) -> None:
    chief, helper = person("approver"), person("operator")
    with pytest.raises(DeputyDates):
        lend(chief, helper, first, last)


def test_the_same_days_twice_are_refused_and_later_ones_are_not(app: Flask) -> None:
    chief, helper, colleague = person("approver"), person("operator"), person("approver")
    lend(chief, helper, 0, 7)
    with pytest.raises(DeputyNamed):
        lend(chief, helper, 7, 9)
    lend(chief, helper, 8, 9)
    with pytest.raises(DeputyNamed):  # they may confirm as it is
        lend(chief, colleague)


def test_ending_takes_the_right_away_at_once(app: Flask) -> None:
    chief, helper = person("approver"), person("operator")
    made = lend(chief, helper)
    assert acting(helper).has("approver")
    with unit_of_work():
        deputies.end_deputy(acting(chief), made.id)
    assert not acting(helper).has("approver")
    assert deputies.deputies_of(acting(chief)) == []
    with pytest.raises(NotFound), unit_of_work():
        deputies.end_deputy(acting(chief), made.id)


def test_a_later_time_begins_on_its_day(app: Flask, frozen: Any) -> None:
    chief, helper = person("approver"), person("operator")
    lend(chief, helper, 2, 3)
    assert not acting(helper).has("approver")
    frozen.now += timedelta(days=2)
    assert acting(helper).has("approver")


def test_the_api_lists_names_and_ends(app: Flask, client: Any) -> None:
    chief, helper = person("approver"), person("operator")
    head = headers(chief)
    today = clock.today()
    body = {"account_id": helper.id, "first": today.isoformat(), "last": (today + WEEK).isoformat()}
    made = client.post("/api/v1/deputies", json=body, headers=head)
    assert made.status_code == 201
    (item,) = made.get_json()["items"]
    assert (item["account_id"], item["last"]) == (helper.id, body["last"])
    assert client.post("/api/v1/deputies", json=body, headers=head).get_json()["code"] == "deputy_named"
    assert client.get("/api/v1/deputies", headers=head).get_json()["items"] == [item]
    assert client.post(f"/api/v1/deputies/{item['id']}/end", headers=head).get_json()["items"] == []
    assert db.session.scalars(select(RoleGrant.id).where(RoleGrant.id == item["id"])).one() == item["id"]


def test_the_page_by_forms_alone(app: Flask, client: Any) -> None:
    chief, helper = person("approver"), person("operator")
    head, today = headers(chief), clock.today()
    page = client.get("/console/deputies/", headers=head).text
    assert "现在没有代理" in page
    assert helper.name in page
    grant = deputies.standing_grants(acting(chief))[0].id
    form = {"account_id": str(helper.id), "grant_id": str(grant), "first": today.isoformat(), "last": ""}
    refused = client.post("/console/deputies/", data=form, headers=head)
    assert (refused.status_code, "请填到哪一天为止" in refused.text) == (422, True)
    done = client.post("/console/deputies/", data={**form, "last": (today + WEEK).isoformat()}, headers=head)
    assert done.status_code == 303
    shown = client.get(done.headers["Location"], headers=head).text
    assert "代理已设好" in shown
    assert "正在代理" in shown
    made = deputies.deputies_of(acting(chief))[0].grant.id
    assert client.post(f"/console/deputies/{made}/end", headers=head).status_code == 303
    assert client.get("/console/deputies/", headers=headers(helper)).status_code == 403
