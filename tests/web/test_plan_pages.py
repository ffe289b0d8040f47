"""The console's pages for targets and progress."""

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from chengjiu_mp.core import spreadsheet
from chengjiu_mp.core.db import db
from chengjiu_mp.units.models import TargetDocument
from chengjiu_mp.units.plan_2022 import install_plan_2022, install_sample
from tests import factories
from tests.conftest import FrozenClock
from tests.figures_rows import at, certificate, held
from tests.sheets import annex

IMPORT = "/console/targets/import"
Headers = dict[str, str]


def signed(role: str = "operator", unit: str | None = None, **grant: Any) -> Headers:
    with factories.made():
        factories.unit()
        return factories.bearer(role, unit, **grant)


def upload(client: FlaskClient, headers: Headers, content: bytes, year: str = "2026") -> tuple[int, str]:
    form = {"year": year, "reference": "澄政办发〔2026〕1号", "file": (io.BytesIO(content), "任务.xlsx")}
    page = client.post(f"{IMPORT}/preview", data=form, headers=headers, content_type="multipart/form-data")
    return page.status_code, page.get_data(as_text=True)


def confirming(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def documents() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(TargetDocument)) or 0


def test_a_table_is_previewed_then_confirmed(client: FlaskClient) -> None:
    headers = signed()
    status, page = upload(client, headers, annex())
    assert (status, documents()) == (200, 0) and "还没有导入" in page and "30,000" in page
    done = client.post(IMPORT, data=confirming(page), headers=headers)
    assert (done.status_code, done.headers["Location"], documents()) == (303, "/console/targets/?year=2026", 1)
    shown = client.get("/console/targets/?year=2026", headers=headers).get_data(as_text=True)
    assert "澄政办发〔2026〕1号" in shown and "8,000" in shown and "10.5 万" in shown


def test_a_bad_table_shows_every_row_and_offers_no_confirmation(client: FlaskClient) -> None:
    status, page = upload(client, signed(), annex(2026, {(5, 3): -1, (9, 2): "无锡市"}))
    assert status == 422 and "第 5 行：" in page and "第 9 行：" in page
    assert 'name="sheet"' not in page and documents() == 0


@pytest.mark.parametrize(("content", "words"), [(b"", "请先选择"), (b"x", "不是 .xlsx"), (b"PK\x03\x04", "不是 .xlsx")])
def test_what_is_no_sheet_says_so_at_the_field(client: FlaskClient, content: bytes, words: str) -> None:
    status, page = upload(client, signed(), content)
    assert status == 422 and words in page


def test_a_file_beyond_the_limit_is_a_413(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_BYTES", 1000)
    status, page = upload(client, signed(), annex())
    assert status == 413 and "5 MB" in page


def test_another_persons_or_an_old_preview_is_not_taken(client: FlaskClient, frozen: FrozenClock) -> None:
    headers = signed()
    _, page = upload(client, headers, annex())
    assert client.post(IMPORT, data=confirming(page), headers=signed()).status_code == 422
    frozen.now = at("2026-11-23 15:00")
    late = client.post(IMPORT, data=confirming(page), headers=headers)
    assert late.status_code == 422 and "预览已经失效" in late.get_data(as_text=True) and documents() == 0


@pytest.mark.parametrize("who", [("unit_manager", None), ("operator", "nanzha"), ("auditor", None)])
def test_targets_are_imported_by_the_city_alone(client: FlaskClient, who: tuple[str, str | None]) -> None:
    headers = signed(*who)
    assert client.get("/console/targets/", headers=headers).status_code == 200
    assert client.get(IMPORT, headers=headers).status_code == 403
    assert upload(client, headers, annex())[0] == 403


def test_an_older_table_stays_readable(client: FlaskClient) -> None:
    headers = signed()
    for changes in ({}, {(4, 3): 650, (23, 3): 5010}):
        client.post(IMPORT, data=confirming(upload(client, headers, annex(2026, changes))[1]), headers=headers)
    page = client.get("/console/targets/?year=2026", headers=headers).get_data(as_text=True)
    (older,) = [path for path in re.findall(r'href="([^"]*document=\d+)"', page) if "document=1" in path]
    old = client.get(older.replace("&amp;", "&"), headers=headers).get_data(as_text=True)
    assert "5,010" in page and "已被新表取代" in old and "5,000" in old


def test_years_without_rows_say_so(client: FlaskClient) -> None:
    with factories.made():
        factories.unit()
        install_plan_2022()
    headers = signed()
    assert "另行制定" in client.get("/console/targets/?year=2023", headers=headers).get_data(as_text=True)
    assert "2026 年度任务未下达" in client.get("/console/targets/", headers=headers).get_data(as_text=True)


def test_the_template_is_a_file(client: FlaskClient) -> None:
    reply = client.get("/console/targets/template.xlsx?year=2027", headers=signed())
    assert reply.data.startswith(b"PK") and "targets-2027.xlsx" in reply.headers["Content-Disposition"]


def words(client: FlaskClient, path: str, headers: Headers) -> str:
    page = client.get(path, headers=headers)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page.get_data(as_text=True)))


def some_rows() -> None:
    install_sample(2026)
    for code in ("nanzha", "nanzha", "yunting"):
        certificate(code)
    held("popular", "nanzha", head_count=72)


def test_staff_see_rank_pace_and_forecast(client: FlaskClient) -> None:
    headers = signed()
    with factories.made():
        some_rows()
    shown = words(client, "/console/progress/", headers)
    row = shown[shown.index("南闸街道") : shown.index("云亭街道")]
    # 2 of 160, the first of twenty; 327 of 365 days have passed.
    assert "2 160 1% 1 143 2 慢于时间" in row


def test_a_unit_sees_its_own_row_and_place_alone(client: FlaskClient) -> None:
    headers = signed("unit_manager", "yunting")
    with factories.made():
        some_rows()
    shown = words(client, "/console/progress/", headers)
    assert "云亭街道" in shown and "南闸街道" not in shown and "1 160 0% 2 143" in shown


def test_every_figure_leads_to_its_rows(client: FlaskClient) -> None:
    headers = signed()
    with factories.made():
        some_rows()
    page = client.get("/console/progress/", headers=headers).get_data(as_text=True)
    links = {path.replace("&amp;", "&") for path in re.findall(r'href="(/console/progress/rows[^"]*)"', page)}
    assert len(links) >= 10
    assert all(client.get(path, headers=headers).status_code == 200 for path in links)


def test_the_rows_behind_name_masked_persons_and_runs(client: FlaskClient) -> None:
    headers = signed()
    with factories.made():
        some_rows()
    assert "张*" in words(client, "/console/progress/rows?metric=certified", headers)
    assert "72" in words(client, "/console/progress/rows?metric=popular", headers)
    assert "这里还没有行" in words(client, "/console/progress/rows?metric=online", headers)


@pytest.mark.parametrize("path", ["/console/progress/", "/console/progress/rows", "/console/targets/"])
def test_the_pages_need_staff(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 303
    assert client.get(path, headers=signed("instructor")).status_code == 403


def test_an_empty_city_has_pages_too(client: FlaskClient) -> None:
    headers = signed()
    assert "合计" in words(client, "/console/progress/", headers)
    assert "年度任务未下达" in words(client, "/console/targets/", headers)


def test_the_classes_page_shows_both_tables_and_leads_to_the_rows(client: FlaskClient) -> None:
    headers = signed()
    with factories.made():
        certificate("nanzha", of=held("cpr_aed", "nanzha"), key_group="police")
        held("popular", "yunting", head_count=72, key_group="students")
    shown = words(client, "/console/progress/classes/", headers)
    assert "公安干警 0 1 0 0 0" in shown and "学生 0 0 0 72 0" in shown and "合计 1 1 0 72 0" in shown
    page = client.get("/console/progress/classes/", headers=headers).get_data(as_text=True)
    (link,) = re.findall(r'href="([^"]*metric=popular[^"]*key_group=students)"', page)
    behind = words(client, link.replace("&amp;", "&"), headers)
    assert "2026年1月1日至2026年11月23日 · 学生" in behind and "72" in behind
    came = words(client, "/console/progress/rows?metric=trained&since=2026-01-01", headers)
    assert "持证班参训" in came and "张*" in came and "看场次" in came


def test_the_classes_page_narrows_to_a_row_and_a_period(client: FlaskClient) -> None:
    headers, other = signed(), signed("unit_manager", "yunting")
    with factories.made():
        some_rows()
        row = factories.unit("nanzha").id
    path = f"/console/progress/classes/?unit_id={row}&since=2026-11-01&until=2026-11-30"
    assert "南闸街道 2026年11月1日至2026年11月30日" in words(client, path, headers)
    assert "合计 1 1 0 0 0" in words(client, "/console/progress/classes/", other)
    assert client.get(path, headers=other).status_code == 404
    turned = words(client, "/console/progress/classes/?since=2026-11-30&until=2026-11-01", headers)
    assert "开始日期在结束日期之后" in turned
    saved = client.get("/console/progress/classes/classes.xlsx?since=2026-11-01", headers=headers)
    assert saved.data.startswith(b"PK") and "classes.xlsx" in saved.headers["Content-Disposition"]
