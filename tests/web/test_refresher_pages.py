"""Refreshers on the pages: found, explained and refused with a way on; planned in the console like any other kind."""

import io
import zipfile
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates.importing import ledger_template
from chengjiu_mp.certificates.series import rule_lines
from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.month_import import import_month, month_template
from chengjiu_mp.courses.month_sheet import COLUMNS
from chengjiu_mp.courses.pictures import poster_face
from chengjiu_mp.courses.queries import run_token, run_with_seats
from tests import factories, issued, sheets
from tests.ledgers import office
from tests.pictures import fonts
from tests.web.test_again_pages import document_of
from tests.web.test_citizen_pages import send, typed
from tests.web.test_console_runs import desk, filled, post

KIND, NAME = "cpr_aed_refresher", "CPR+AED 复训"


def a_run(kind: str = KIND, **values: Any) -> CourseRun:
    with factories.made():
        return factories.run(kind, **values)


def everything_in(book: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))


def page_of(run: CourseRun) -> str:
    return f"/s/{run_token(run)}"


# Citizens


def test_the_home_page_finds_it_by_its_name(client: FlaskClient) -> None:
    a_run(title="续证班"), a_run("cpr_aed", title="整班", starts_in=timedelta(days=5))
    assert f"?kind={KIND}" in client.get("/").text
    shown = client.get(f"/?kind={KIND}").text
    assert ("续证班" in shown, "整班" in shown, NAME in shown) == (True, False, True)


def test_its_page_says_for_whom_before_anything_is_typed(client: FlaskClient) -> None:
    run = a_run()
    assert "有CPR+AED证书：还没到期，或者到期不超过 6 个月" in client.get(page_of(run)).text
    whole = a_run("cpr_aed", starts_in=timedelta(days=9))
    assert "还没到期" not in client.get(page_of(whole)).text


def test_who_has_nothing_to_renew_is_shown_the_next_whole_class(client: FlaskClient) -> None:
    whole = a_run("cpr_aed", title="CPR+AED 公益培训（第 16 期）", starts_in=timedelta(days=9))
    reply = send(client, page_of(a_run()), **typed(name="李四"))
    assert reply.status_code == 422
    assert "请先参加列出的完整班" in reply.text
    assert page_of(whole) in reply.text and "12月2日（周三）12:00" in reply.text
    assert 'value="李四"' in reply.text and 'href="tel:' in reply.text


def test_who_has_a_certificate_gets_in(client: FlaskClient) -> None:
    (one,) = issued.issue("张三")
    reply = send(client, page_of(a_run()), **typed(doc_number=document_of(one)))
    assert reply.headers["Location"].startswith("/i/")


# The console


def test_a_run_of_it_is_drafted_and_published(client: FlaskClient) -> None:
    desk(client)
    assert f'<option value="{KIND}"' in client.get("/console/runs/new").text
    post(client, "/console/runs/new", "/console/runs/new", **filled(kind=KIND, title=""))
    run = db.session.scalars(select(CourseRun)).one()
    assert (run.title, run.exam_scheme_id) == ("CPR+AED 复训班", factories.syllabus(KIND).exam_scheme_id)
    page = client.get(f"/console/runs/{run.id}/publish").text
    assert "36 个月（同CPR+AED）" in page and "证书到期后 6 个月内" in page
    assert page.count("待业务核实") == 8
    post(client, f"/console/runs/{run.id}/publish", f"/console/runs/{run.id}/publish")
    assert NAME in client.get(f"/console/runs/{run.id}").text
    assert NAME in client.get(f"/console/runs/?kind={KIND}").text


def test_a_months_sheet_takes_it(app: Flask) -> None:
    with factories.made():
        factories.venue(name="训练厅")
        factories.instructor("陈建国")
        who = factories.account("operator")
    row = {"课程类别": NAME, "举办单位": "澄江街道", "地点": "训练厅", "日期": "2026-12-05", "上课时间": "14:00",
           "下课时间": "16:00", "领域": "社区", "师资": "陈建国"}  # fmt: skip
    head = list(COLUMNS.values())
    book = sheets.book([head, [row.get(column, "") for column in head]])
    assert NAME in everything_in(month_template())
    with factories.acting(who), unit_of_work():
        (run,) = import_month(spreadsheet.read(book))
        assert (run.title, run_with_seats(run.id).run.syllabus.course_type.code) == ("CPR+AED 复训班", KIND)


def test_its_poster_names_the_certificate_that_it_renews(app: Flask) -> None:
    found = run_with_seats(a_run().id)
    assert poster_face(found, [], fonts()).counts_for == "2 学时，考核合格续发CPR+AED电子证书"


def test_it_has_no_numbers_no_design_and_no_ledger_of_its_own(client: FlaskClient) -> None:
    desk(client)
    assert KIND not in [line.kind.code for line in rule_lines(clock.today().year)]
    for page in ("templates", "rules", "blocks"):
        shown = client.get(f"/console/certificates/{page}/")
        assert (shown.status_code, "初级救护员" in shown.text, NAME in shown.text) == (200, True, False), page
    sheet = ledger_template(office())
    assert "初级救护员" in everything_in(sheet) and NAME not in everything_in(sheet)
