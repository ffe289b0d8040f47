"""A passport's Latin name over a unit's sheet and over its private link: optional, read, put right, given back."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.lists import making, queries, result_sheet, sheet, upload_queries
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.people.models import Person
from tests import factories, rosters
from tests.web.test_console_runs import post, token_in

OLD = [name for name in sheet.COLUMNS if not name.startswith("护照上的")]
ANNA = {
    "姓名": "安娜", "证件类型": "外国护照", "证件号码": "C01X00T47", "手机号": "13900001234", "出生日期": "1990-01-01",
    "护照上的姓": "Müller-O’Hara", "护照上的名": "Anna  M.",
}  # fmt: skip
WHOLE = "Müller-O'Hara Anna M."


@pytest.fixture
def list_id(app: Any) -> int:
    return rosters.a_list()


def only() -> Signup:
    db.session.rollback()
    return db.session.scalars(select(Signup)).one()


def outcomes(upload_id: int) -> dict[str, int]:
    return upload_queries.counts_of(upload_id)


def test_a_line_brings_it_to_the_sign_up_and_the_file_gives_it_back(list_id: int) -> None:
    upload = rosters.enrolled(list_id, rosters.sheet([ANNA]))
    assert (outcomes(upload.id), only().latin_name) == ({"added": 1}, WHOLE)
    head, row = rosters.cells(result_sheet.result_file(upload, whole=False))
    assert (row[head.index("护照上的姓")], row[head.index("护照上的名")]) == ("Müller-O’Hara", "Anna  M.")


def test_a_sheet_without_the_columns_is_read_as_before_and_takes_nothing_away(list_id: int) -> None:
    rosters.enrolled(list_id, rosters.sheet([ANNA]))
    upload = rosters.enrolled(list_id, rosters.sheet([ANNA], OLD))
    assert (outcomes(upload.id), only().latin_name) == ({"same": 1}, WHOLE)


def test_the_dry_run_says_where_it_is_wrong(list_id: int) -> None:
    upload_id = rosters.uploaded(list_id, rosters.sheet([{**ANNA, "护照上的名": "安娜"}]))
    line = rosters.lines(upload_id)[0]
    assert (line.plan, line.code, line.field) == ("fault", "latin_name_characters", "护照上的名")


@pytest.mark.parametrize("head", ["英文", "护照", "拉丁字母", "护照上的"])
def test_other_heads_mean_the_same(list_id: int, head: str) -> None:
    columns = [name.replace("护照上的", head) for name in sheet.COLUMNS]
    one = {name.replace("护照上的", head): cell for name, cell in ANNA.items()}
    rosters.enrolled(list_id, rosters.sheet([one], columns))
    assert only().latin_name == WHOLE


def test_a_corrected_sheet_puts_it_right(list_id: int) -> None:
    rosters.enrolled(list_id, rosters.sheet([ANNA]))
    upload_id = rosters.uploaded(list_id, rosters.sheet([{**ANNA, "护照上的姓": "Mueller", "护照上的名": ""}]))
    assert rosters.lines(upload_id)[0].plan == "change"
    rosters.confirmed(list_id, upload_id)
    rosters.work()
    assert only().latin_name == "Mueller"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.corrected")).one()
    assert entry.facts["changed"] == ["latin_name"]


def test_one_that_was_proved_is_kept_and_goes_to_the_desk(list_id: int) -> None:
    rosters.enrolled(list_id, rosters.sheet([ANNA]))
    with unit_of_work():
        only_one = db.session.scalars(select(Signup)).one()
        only_one.name_proved_at = clock.now()
    upload = rosters.enrolled(list_id, rosters.sheet([{**ANNA, "护照上的姓": "Else"}]))
    assert (outcomes(upload.id), only().latin_name) == ({"same": 1}, WHOLE)
    assert "护照上的姓名和核实过的不一样" in rosters.lines(upload.id)[0].reason


def test_a_korean_in_a_sheet_twice_is_one_person_and_stays_it(list_id: int) -> None:
    kim = {**ANNA, "证件类型": "", "证件号码": "M12345678", "姓名": "金敏洙"}
    upload = rosters.enrolled(list_id, rosters.sheet([kim, kim]))
    assert (outcomes(upload.id), db.session.get_one(Person, only().person_id).doc_type) == (
        {"added": 1, "rejected": 1}, "passport",
    )  # fmt: skip
    assert rosters.lines(upload.id)[1].code == "same_document_above"
    assert outcomes(rosters.enrolled(list_id, rosters.sheet([kim])).id) == {"same": 1}


def a_named_row(list_id: int) -> str:
    """Return the path of the list's private link, with one row of a name alone."""
    with unit_of_work():
        of = db.session.get_one(UnitList, list_id)
        making.put_names(of, queries.runs_of(list_id)[0].run, "安娜")
        making.switch_link(of, on=True)
    return "/u/" + queries.link_of(db.session.get_one(UnitList, list_id)).rpartition("/")[2]


def form(**changes: str) -> dict[str, str]:
    return {
        "doc_number": "C01X00T47", "phone": "13900001234", "doc_type": "passport", "birth_date": "1990-01-01",
        "latin_surname": "Müller-O’Hara", "latin_given": "Anna  M.", **changes,
    }  # fmt: skip


def test_who_completes_the_own_row_gives_it_on_the_page(list_id: int, client: Any) -> None:
    link = a_named_row(list_id)
    page = post(client, link, link, name="安娜").text
    handle = re.search(r'name="handle" value="([^"]+)"', page)
    assert handle
    assert 'data-latin="f-doc_number"' in page
    sent = {
        "csrf_token": token_in(page), "handle": handle[1], "consent.signup": "1", "consent.document_number": "1",
    }  # fmt: skip
    wrong = client.post(f"{link}/mine", data={**sent, **form(latin_given="安娜")})
    assert (wrong.status_code, 'id="f-latin_given-error"' in wrong.text) == (422, True)
    assert 'value="Müller-O’Hara"' in wrong.text
    ticket = client.post(f"{link}/mine", data={**sent, **form()})
    assert (ticket.status_code, only().latin_name) == (303, WHOLE)


def test_a_program_completes_the_row_with_it(list_id: int, client: Any) -> None:
    base = "/api/v1/private-links/" + a_named_row(list_id).rpartition("/")[2]
    handle = client.post(f"{base}/find", json={"name": "安娜", "tail": ""}).json["handle"]
    consents = [{"purpose": one, "version": 1} for one in ("signup", "document_number")]
    wrong = client.post(f"{base}/confirm", json={"handle": handle, "consents": consents, **form(latin_surname="七")})
    assert (wrong.status_code, wrong.json["code"]) == (422, "latin_name_characters")
    done = client.post(f"{base}/confirm", json={"handle": handle, "consents": consents, **form()})
    assert (done.status_code, only().latin_name) == (200, WHOLE)


def test_a_korean_who_completes_the_row_is_found_on_the_list_again(list_id: int, client: Any) -> None:
    base = "/api/v1/private-links/" + a_named_row(list_id).rpartition("/")[2]
    handle = client.post(f"{base}/find", json={"name": "安娜", "tail": ""}).json["handle"]
    consents = [{"purpose": one, "version": 1} for one in ("signup", "document_number")]
    sent = {k: v for k, v in form(doc_number="M12345678").items() if k != "doc_type"}
    client.post(f"{base}/confirm", json={"handle": handle, "consents": consents, **sent})
    row = db.session.scalars(select(UnitListRow)).one()
    person = db.session.get_one(Person, only().person_id)
    assert (person.doc_type, row.doc_index) == ("passport", person.doc_index)


def test_the_ticket_to_keep_shows_it(list_id: int, client: Any) -> None:
    rosters.enrolled(list_id, rosters.sheet([ANNA]))
    path = f"/i/{factories.ticket(only())}/ticket.png"
    with_it = client.get(path).data
    with unit_of_work():
        row = db.session.scalars(select(Signup)).one()
        row.latin_surname = row.latin_given = None
    assert with_it[:4] == b"\x89PNG"
    assert client.get(path).data != with_it
