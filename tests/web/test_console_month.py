"""A month of classes at the desk: copy, repeat, import, calendar, links, and publishing many."""

import io
import re
import zipfile
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select
from xlsxwriter.utility import xl_col_to_name

from chengjiu_mp.core.db import db
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.month_sheet import COLUMNS
from chengjiu_mp.courses.series_models import CourseSeries, PosterLink
from tests import factories, sheets
from tests.counting import statements
from tests.pictures import code_in
from tests.web.test_console_runs import desk, filled, post, token_in

WEEKLY = {
    "weekdays": ["5"],
    "first": "2026-11-28",
    "begins": "14:00",
    "ends": "17:00",
    "count": "3",
    "holidays": "skip",
}


def a_run(**values: Any) -> int:
    with factories.made():
        return factories.run(**values).id


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# Copies


def test_a_copy_is_a_filled_form_a_week_later(client: FlaskClient) -> None:
    run = a_run(title="社区班", capacity=24)  # Thursday 12:00
    text = desk(client).get(f"/console/runs/{run}/copy").text
    assert 'value="社区班"' in text
    assert 'value="24"' in text
    assert 'value="2026-12-03"' in text
    assert 'value="12:00"' in text
    assert f'href="/console/runs/{run}/copy"' in client.get(f"/console/runs/{run}").text
    assert count(CourseRun) == 1


def test_a_copy_of_a_run_out_of_scope_is_not_there(client: FlaskClient) -> None:
    with factories.made():
        run = factories.run(unit_id=factories.unit("nanzha").id).id
    assert desk(client, "unit_manager", "chengjiang").get(f"/console/runs/{run}/copy").status_code == 404


def test_a_new_draft_says_what_it_clashes_with(client: FlaskClient) -> None:
    desk(client)
    content = filled()
    a_run(title="社区班", venue_id=content["venue_id"], starts_in=timedelta(days=12, hours=1))
    reply = post(client, "/console/runs/new", "/console/runs/new", **content)
    page = client.get(reply.headers["Location"]).text
    assert "地点撞期：澄江街道应急救护培训基地同一时间还有“社区班”" in re.sub("<[^>]+>", "", page)


# Series


def test_a_series_is_looked_at_then_drafted_then_published(client: FlaskClient) -> None:
    run = a_run(title="周末班")
    desk(client)
    page = f"/console/runs/{run}/repeat"
    assert 'name="weekdays" value="3" checked' in client.get(page).text
    shown = post(client, page, f"{page}/preview", **WEEKLY)
    assert re.findall(r'name="chosen" value="([^"]+)" checked', shown.text) == [
        "2026-11-28",
        "2026-12-05",
        "2026-12-12",
    ]
    assert count(CourseRun) == 1
    hidden = dict(re.findall(r'type="hidden" name="([a-z]+)" value="([^"]*)"', shown.text)) | {"weekdays": ["5"]}
    chosen = {"chosen": ["2026-11-28", "2026-12-12"]}
    replies = [client.post(page, data={**hidden, **chosen, "csrf_token": token_in(shown.text)}) for _ in range(2)]
    assert {reply.status_code for reply in replies} == {303}
    assert (count(CourseSeries), count(CourseRun)) == (1, 3)
    series = replies[0].headers["Location"]
    assert "发布 2 场草稿…" in client.get(series).text
    publish = "/console/drafts/publish?series=1"
    asked = client.get(publish).text
    assert asked.count("还没有安排师资") == 1
    ids = re.findall(r'name="run_ids" value="(\d+)"', asked)
    done = client.post("/console/drafts/publish", data={"csrf_token": token_in(asked), "series": "1", "run_ids": ids})
    assert (done.status_code, done.headers["Location"]) == (303, series)
    assert set(db.session.scalars(select(CourseRun.state))) == {"published"}
    assert "没有要发布的草稿" in client.get(publish).text


def test_a_series_without_an_end_or_days_keeps_what_was_typed(client: FlaskClient) -> None:
    page = f"/console/runs/{a_run()}/repeat"
    desk(client)
    for change, said in (
        ({"count": ""}, "请填共几场，或到哪一天为止。"),
        ({"weekdays": []}, 'href="#f-weekdays"'),
        ({"ends": "13:00"}, "下课时间要晚于上课时间。"),
        ({"first": "2026-11-20", "count": "", "last": "2026-11-21"}, "没有排出任何一天"),
    ):
        reply = post(client, page, f"{page}/preview", **{**WEEKLY, "title": "周末<班>", **change})
        assert (reply.status_code, said in reply.text) == (422, True), said
        assert 'value="周末&lt;班&gt;"' in reply.text


def test_no_day_ticked_makes_nothing(client: FlaskClient) -> None:
    page = f"/console/runs/{a_run()}/repeat"
    desk(client)
    reply = post(client, page, page, **WEEKLY)
    assert (reply.status_code, "请至少勾一天" in reply.text, count(CourseRun)) == (422, True, 1)


# The calendar


def test_the_calendar_shows_the_month_its_holidays_and_its_clashes(client: FlaskClient) -> None:
    with factories.made():
        hall = factories.venue(name="训练厅").id
        for title in ("甲班", "乙班"):
            factories.run(title=title, venue_id=hall)
        factories.run(title="草稿班", state="draft", starts_in=timedelta(days=5))
        factories.run(title="取消的", state="cancelled")
        factories.run(title="下个月的", starts_in=timedelta(days=12))
    text = desk(client).get("/console/calendar/?month=2026-11").text
    words = re.sub(r"<[^>]+>|\s+", "", text)
    assert "有1处撞期" in words
    assert text.count("地点撞期</span>") == 2
    assert ("甲班" in text, "乙班" in text, "草稿班" in text) == (True, True, True)
    assert ("取消的" in text, "下个月的" in text) == (False, False)
    assert 'href="/console/drafts/publish?month=2026-11"' in text
    assert "国庆节" in client.get("/console/calendar/?month=2026-10").text
    assert "这个月还没有场次" in client.get("/console/calendar/?month=2027-01").text
    assert client.get("/console/calendar/?month=x").status_code == 200


def test_the_calendar_is_scoped_and_costs_the_same_for_many(client: FlaskClient) -> None:
    with factories.made():
        factories.run(title="别处的", unit_id=factories.unit("nanzha").id)
        factories.run(title="本处的")
    desk(client, "unit_manager", "chengjiang")
    with statements() as few:
        text = client.get("/console/calendar/").text
    assert ("别处的" in text, "本处的" in text) == (False, True)
    for _ in range(5):
        a_run()
    with statements() as many:
        client.get("/console/calendar/")
    assert len(few) == len(many)


# A month from a sheet


def month(*changes: dict[str, str]) -> bytes:
    with factories.made():
        factories.venue(name="训练厅")
    good = {"课程类别": "CPR+AED", "举办单位": "澄江街道", "地点": "训练厅", "日期": "2026-12-05", "上课时间": "14:00",
            "下课时间": "17:00"}  # fmt: skip
    rows = [[{**good, **one}.get(column, "") for column in COLUMNS.values()] for one in changes]
    return sheets.book([list(COLUMNS.values()), *rows])


def upload(client: FlaskClient, content: bytes) -> Any:
    return post(client, "/console/month/", "/console/month/preview", file=(io.BytesIO(content), "m.xlsx"))


def confirmed(client: FlaskClient, text: str) -> Any:
    sealed = re.search(r'name="sheet" value="([^"]+)"', text)
    assert sealed
    partial = {"partial": "1"} if 'name="partial"' in text else {}
    return client.post("/console/month/", data={"csrf_token": token_in(text), "sheet": sealed[1], **partial})


def test_a_month_is_previewed_confirmed_and_not_made_twice(client: FlaskClient) -> None:
    desk(client)
    content = month({}, {"日期": "2026-12-12"})
    shown = upload(client, content)
    assert (shown.status_code, "确认导入 2 场" in shown.text, count(CourseRun)) == (200, True, 0)
    reply = confirmed(client, shown.text)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/console/calendar/?month=2026-12")
    assert count(CourseRun) == 2
    again = upload(client, content)
    assert "表里的场次系统里都有了" in again.text
    assert 'name="sheet"' not in again.text


def test_good_rows_alone_by_choice(client: FlaskClient) -> None:
    desk(client)
    shown = upload(client, month({}, {"地点": "没有的厅"}))
    assert (shown.status_code, "第 3 行" in shown.text, "没有这个地点" in shown.text) == (422, True, True)
    assert "只导入没有问题的 1 场" in shown.text
    assert confirmed(client, shown.text).status_code == 303
    assert count(CourseRun) == 1


def test_the_dry_run_of_a_month_says_which_rows_are_no_runs(client: FlaskClient) -> None:
    desk(client)
    under = dict.fromkeys(COLUMNS.values(), "") | {"课程类别": "制表人：王", "日期": "日期：2026-11-23"}
    shown = upload(client, month({}, under))
    told = "另有 1 行不是场次（第 3 行），没有算进来。" in shown.text
    assert (shown.status_code, told, "确认导入 1 场" in shown.text) == (200, True, True)


def test_what_a_merged_cell_says_is_imported_as_it_was_shown(client: FlaskClient) -> None:
    desk(client)
    content = month({}, {"地点": "", "日期": "2026-12-12"})
    at = xl_col_to_name(list(COLUMNS.values()).index("地点"))
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        plain = archive.read(name)
    merged = f'</sheetData><mergeCells count="1"><mergeCell ref="{at}2:{at}3"/></mergeCells>'.encode()
    shown = upload(client, sheets.with_member(content, name, plain.replace(b"</sheetData>", merged)))
    assert "确认导入 2 场" in shown.text
    assert confirmed(client, shown.text).status_code == 303
    assert count(CourseRun) == 2


def test_a_file_that_is_none_is_told(client: FlaskClient) -> None:
    desk(client)
    assert "这不是 .xlsx 表格" in upload(client, b"not a sheet").text
    assert client.get("/console/month/template.xlsx").data[:2] == b"PK"


# Links and the month's poster


def test_a_link_is_made_once_and_prints_its_months(client: FlaskClient) -> None:
    a_run(title="社区班", starts_in=timedelta(days=12))
    with factories.made():
        town = factories.unit().id
    desk(client)
    replies = [post(client, "/console/links/", "/console/links/", unit=str(town)) for _ in range(2)]
    assert {reply.status_code for reply in replies} == {303}
    assert count(PosterLink) == 1
    page = client.get(replies[0].headers["Location"]).text
    assert ("1 场" in page, "还没有已发布的场次" in page) == (True, True)
    picture = client.get(f"{replies[0].headers['Location']}/poster.png?month=2026-12")
    image = Image.open(io.BytesIO(picture.data))
    url = re.search(r'href="(http[^"]+/s/[a-z2-7]{26})"', page)
    assert url
    assert (image.size, code_in(image)) == ((2480, 3508), url[1])
    assert "社区班" in client.get(url[1].partition(":8000")[2]).text


def test_a_link_of_another_unit_is_refused_in_words(client: FlaskClient) -> None:
    with factories.made():
        town = factories.unit("nanzha").id
    desk(client, "unit_manager", "chengjiang")
    reply = post(client, "/console/links/", "/console/links/", unit=str(town))
    assert (reply.status_code, "不在您的管理范围内" in reply.text) == (404, True)
    assert client.get("/console/links/1").status_code == 404
