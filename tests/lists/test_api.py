"""Lists for programs: made, filled by an xlsx as the body, read line by line."""

import pytest
from sqlalchemy import func, select

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists.models import UnitListRow
from tests import factories, rosters

LISTS = "/api/v1/unit-lists"


@pytest.fixture
def liaison(app) -> dict[str, str]:
    with factories.made():
        return factories.bearer("unit_manager", "chengjiang")


def made(client, headers, **changes):
    with factories.made():
        body = {"unit_id": factories.unit("chengjiang").id, "run_ids": [factories.run().id], "title": "教师名单"}
    return client.post(LISTS, json={**body, **changes}, headers=headers)


def test_a_reader_is_shown_neither_the_link_nor_tickets(client, liaison):
    url = f"{LISTS}/{made(client, liaison).json['id']}"
    assert client.post(f"{url}/link", json={"on": True}, headers=liaison).json["link"]
    with factories.made():
        reader = factories.bearer("unit_manager", "chengjiang", read_only=True)
    assert client.get(url, headers=liaison).json["link"] is not None
    assert client.get(url, headers=reader).json["link"] is None
    console = url.replace("/api/v1/unit-lists", "/console/lists")
    assert "/u/" not in client.get(console, headers=reader).text
    assert "/u/" in client.get(console, headers=liaison).text
    assert client.get(f"{console}/tickets", headers=reader).status_code == 404
    result = sent(client, liaison, url.rpartition("/")[2], [rosters.person(1)]).replace(
        "/api/v1/unit-lists", "/console/lists"
    )
    replies = [client.get(f"{result}/result.xlsx", headers=who).status_code for who in (liaison, reader)]
    assert replies == [200, 404]
    for page in (console, result):
        assert "<form" in client.get(page, headers=liaison).text.partition("<main")[2], page
        assert "<form" not in client.get(page, headers=reader).text.partition("<main")[2], page


def test_a_reader_finds_nothing_to_press_on_the_page_of_a_person(client, liaison):
    list_id = made(client, liaison).json["id"]
    client.post(
        f"{sent(client, liaison, list_id, [rosters.person(1)])}/confirm", json={"agreed": True}, headers=liaison
    )
    rosters.work()
    with factories.made():
        reader = factories.bearer("unit_manager", "chengjiang", read_only=True)
    row = db.session.scalars(select(UnitListRow.id)).one()
    found = [client.get(f"/console/lists/{list_id}/people/{row}", headers=who).text for who in (liaison, reader)]
    assert ["<form" in page.partition("<main")[2] for page in found] == [True, False]


def sent(client, headers, list_id, people):
    reply = client.post(f"{LISTS}/{list_id}/uploads", data=rosters.sheet(people), headers=headers)
    assert reply.status_code == 202
    rosters.work()
    return f"{LISTS}/{list_id}/uploads/{reply.json['id']}"


def test_from_a_list_to_its_lines(client, liaison):
    list_id = made(client, liaison).json["id"]
    url = sent(client, liaison, list_id, [rosters.person(1), rosters.person(2, 手机号="139")])
    read = client.get(url, headers=liaison).json
    assert (read["state"], read["total"], read["plans"]["add"], read["plans"]["fault"]) == ("read", 2, 1, 1)
    assert read["left_out"] == []
    assert client.post(f"{url}/confirm", json={"agreed": True}, headers=liaison).status_code == 202
    rosters.work()
    assert client.get(url, headers=liaison).json["outcomes"] == {"added": 1, "rejected": 1}
    lines = client.get(f"{url}/lines", headers=liaison).json["items"]
    assert [(line["row"], line["outcome"], line["column"]) for line in lines] == [
        (2, "added", ""),
        (3, "rejected", "手机号"),
    ]
    people = client.get(f"{LISTS}/{list_id}/people", headers=liaison).json["items"]
    assert [(one["state"], one["doc_last4"]) for one in people] == [("confirmed", rosters.person(1)["证件号码"][-4:])]


def test_nobody_is_enrolled_without_the_word_that_they_agree(client, liaison):
    list_id = made(client, liaison).json["id"]
    url = sent(client, liaison, list_id, [rosters.person(1)])
    reply = client.post(f"{url}/confirm", json={"agreed": False}, headers=liaison)
    assert (reply.status_code, reply.json["code"]) == (422, "agreement_missing")
    assert db.session.scalar(select(func.count()).select_from(Signup)) == 0


def test_a_body_that_is_no_sheet_is_refused(client, liaison):
    list_id = made(client, liaison).json["id"]
    reply = client.post(f"{LISTS}/{list_id}/uploads", data=b"name,phone\n", headers=liaison)
    assert (reply.status_code, reply.json["code"]) == (422, "file_not_xlsx")


def test_somebody_is_sent_instead_moved_and_taken_off(client, liaison):
    list_id = made(client, liaison).json["id"]
    url = sent(client, liaison, list_id, [rosters.person(1)])
    client.post(f"{url}/confirm", json={"agreed": True}, headers=liaison)
    rosters.work()
    first = client.get(f"{LISTS}/{list_id}/people", headers=liaison).json["items"][0]["id"]
    given = rosters.person(9)
    body = {"name": given["姓名"], "doc_number": given["证件号码"], "phone": given["手机号"], "agreed": True}
    fresh = client.post(f"{LISTS}/{list_id}/people/{first}/substitute", json=body, headers=liaison).json["items"][0]
    assert (fresh["name"], fresh["state"]) == (given["姓名"], "confirmed")
    gone = client.post(f"{LISTS}/{list_id}/people/{first}/remove", json={}, headers=liaison)
    assert gone.status_code == 404
    left = client.post(f"{LISTS}/{list_id}/people/{fresh['id']}/remove", json={"reason": "出差"}, headers=liaison)
    assert left.json["people"] == 0


def test_the_link_is_shown_while_it_is_open(client, liaison):
    url = f"{LISTS}/{made(client, liaison).json['id']}"
    assert client.get(url, headers=liaison).json["link"] is None
    assert "/u/" in client.post(f"{url}/link", json={"on": True}, headers=liaison).json["link"]


def test_a_list_for_a_unit_out_of_scope_or_a_run_that_is_not_ours_is_refused(client, liaison):
    with factories.made():
        elsewhere = factories.unit("huashi").id
        closed = factories.run(state="closed").id
        private = factories.run(unit_id=factories.unit("huashi").id, open_to_all=False).id
    assert made(client, liaison, unit_id=elsewhere).json["code"] == "unknown_choice"
    for run_id in (closed, private):
        assert made(client, liaison, run_ids=[run_id]).json["code"] == "unknown_choice"


def test_another_units_list_does_not_exist(client, liaison):
    list_id = made(client, liaison).json["id"]
    with factories.made():
        other = factories.bearer("unit_manager", "huashi")
    assert client.get(f"{LISTS}/{list_id}", headers=other).status_code == 404
    assert client.get(LISTS, headers=other).json["items"] == []
    assert [one["id"] for one in client.get(LISTS, headers=liaison).json["items"]] == [list_id]
