"""The console's register, its import, and the instructor's own page."""

import io
import re
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.instructors import reminders
from chengjiu_mp.instructors.models import Instructor, Refresher
from chengjiu_mp.instructors.refreshing import record_refresher
from chengjiu_mp.instructors.sheet import COLUMNS
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.sheets import book

REGISTER, IMPORT = "/console/instructors/", "/console/instructors/import/"
HEADER = list(COLUMNS.values())
CHEN = ["陈志远", "13900138001", "南闸街道", "一级", "三星", "SZ-001", "2024-05-01", "2026-12-01"]
Headers = dict[str, str]


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> Headers:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def registered(name: str = "陈建国", **values: Any) -> Instructor:
    with factories.made():
        return factories.instructor(name, **values)


def words(client: FlaskClient, path: str, headers: Headers) -> str:
    page = client.get(path, headers=headers)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.get_data(as_text=True)))


def test_who_is_due_stands_first_with_state_and_last_reminder(client: FlaskClient) -> None:
    registered("王芳", refresh_due=date(2027, 12, 1))
    registered("李娜", refresh_due=None)
    registered("陈建国", refresh_due=date(2026, 11, 28))
    reminders.scan(0)
    shown = words(client, REGISTER, signed())
    assert shown.index("陈建国") < shown.index("王芳") < shown.index("李娜")
    assert "临期 提前 7 天：2026年11月23日 12:00 等待发送" in shown and "待核实" in shown


@pytest.mark.parametrize(
    ("query", "names"), [("state=soon", "陈"), ("state=unknown", "李"), ("q=王", "王"), ("page=2", "")]
)
def test_the_register_is_filtered(client: FlaskClient, query: str, names: str) -> None:
    registered("王芳", refresh_due=date(2027, 12, 1))
    registered("李娜", refresh_due=None)
    registered("陈建国", refresh_due=date(2026, 11, 28))
    shown = words(client, f"{REGISTER}?{query}", signed())
    assert [one for one in ("陈建国", "王芳", "李娜") if one in shown] == [
        one for one in ("陈建国", "王芳", "李娜") if names and one.startswith(names)
    ]


def test_a_unit_sees_its_own_instructors_alone(client: FlaskClient) -> None:
    here, there = registered("陈建国", unit_code="nanzha"), registered("王芳", unit_code="yunting")
    headers = signed("unit_manager", "nanzha")
    shown = words(client, REGISTER, headers)
    assert "陈建国" in shown and "王芳" not in shown and "全部 待核实" not in shown and "待核实 1" in shown
    assert client.get(f"{REGISTER}{here.id}", headers=headers).status_code == 200
    assert client.get(f"{REGISTER}{there.id}", headers=headers).status_code == 404


def test_the_page_of_one_masks_the_phone_and_tells_the_history(client: FlaskClient) -> None:
    one = registered(refresh_due=date(2026, 12, 23))
    reminders.scan(0)
    shown = words(client, f"{REGISTER}{one.id}", signed())
    assert "****" in shown and "提前 30 天" in shown and "2026年12月23日" in shown and "还没有登记过复训" in shown


def test_a_refresher_is_recorded_on_the_page(client: FlaskClient) -> None:
    one, headers = registered(refresh_due=date(2026, 12, 23)), signed()
    form = {"completed_on": "2026-11-20", "source": "2026 年秋季复训班"}
    assert client.post(f"{REGISTER}{one.id}/refreshers", data=form, headers=headers).status_code == 303
    assert "2028年11月20日" in words(client, f"{REGISTER}{one.id}", headers)


@pytest.mark.parametrize("day", ["2026-11-24", "昨天", ""])
def test_a_wrong_day_keeps_what_was_typed(client: FlaskClient, day: str) -> None:
    one = registered()
    form = {"completed_on": day, "source": "复训班"}
    page = client.post(f"{REGISTER}{one.id}/refreshers", data=form, headers=signed())
    assert page.status_code == 422 and 'value="复训班"' in page.get_data(as_text=True)
    assert db.session.scalars(select(Refresher)).first() is None


def upload(client: FlaskClient, headers: Headers, *rows: list[str]) -> tuple[int, str]:
    form = {"file": (io.BytesIO(book([HEADER, *rows])), "名册.xlsx")}
    page = client.post(f"{IMPORT}preview", data=form, headers=headers, content_type="multipart/form-data")
    return page.status_code, page.get_data(as_text=True)


def people() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Instructor.name)))


def test_a_register_is_dry_run_then_confirmed(client: FlaskClient) -> None:
    headers = signed()
    status, page = upload(client, headers, CHEN)
    assert (status, people()) == (200, []) and "139****8001" in page and "13900138001" not in page
    sealed = dict(re.findall(r'name="(sheet)" value="([^"]*)"', page))
    assert client.post(IMPORT, data=sealed, headers=headers).status_code == 303
    assert people() == ["陈志远"]


def test_a_dry_run_with_faults_offers_no_confirmation(client: FlaskClient) -> None:
    status, page = upload(client, signed(), CHEN, ["王芳", "139", "南闸街道", "", "", "", "", ""])
    assert status == 422 and "第 3 行" in page and 'name="sheet"' not in page and people() == []


@pytest.mark.parametrize("role", ["unit_manager", "approver", "auditor", "instructor"])
def test_only_operators_import(client: FlaskClient, role: str) -> None:
    assert client.get(IMPORT, headers=signed(role)).status_code == 403


def test_the_template_is_a_file(client: FlaskClient) -> None:
    assert client.get(f"{IMPORT}template.xlsx", headers=signed()).data.startswith(b"PK")


def own(one: Instructor) -> Headers:
    with factories.made():
        return factories.headers_of(db.session.get_one(Account, one.account_id))


@pytest.mark.parametrize(
    ("due", "said"),
    [
        (date(2026, 12, 23), "临期 2026年12月23日前参加，还有 30 天。"),
        (date(2026, 11, 23), "今天到期"),
        (date(2026, 11, 22), "已过期 已于2026年11月22日到期"),
        (None, "待核实 复训日期还没有核实"),
    ],
)
def test_an_instructor_reads_their_own_date_and_whom_to_call(client: FlaskClient, due: date | None, said: str) -> None:
    shown = words(client, "/teach/refresher", own(registered(refresh_due=due)))
    assert said in shown and "0510-86800000" in shown


def test_the_history_is_on_their_page(client: FlaskClient) -> None:
    one = registered()
    with unit_of_work():
        record_refresher(db.session.get_one(Instructor, one.id), date(2026, 11, 20), "2026 年秋季复训班")
    assert "2026年11月20日 完成 2026 年秋季复训班" in words(client, "/teach/refresher", own(one))


def test_an_account_outside_of_the_register_finds_nothing(client: FlaskClient) -> None:
    assert client.get("/teach/refresher", headers=signed("instructor")).status_code == 404
    assert client.get("/teach/refresher").status_code == 303
