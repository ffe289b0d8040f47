"""A month of classes from a sheet: a dry run, all or the good rows, and nothing twice."""

import io
import zipfile
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from chengjiu_mp.core import clock, spreadsheet
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.courses.models import CourseRun
from chengjiu_mp.courses.month_import import MonthRefused, Preview, import_month, month_template, preview
from chengjiu_mp.courses.month_sheet import COLUMNS, LAYOUT
from chengjiu_mp.courses.queries import instructors_of, meetings_of, run_with_seats
from chengjiu_mp.signin.models import Account
from chengjiu_mp.venues.models import Venue
from tests import factories, sheets

pytestmark = pytest.mark.usefixtures("app")

HEAD = list(COLUMNS.values())
GOOD = {
    "课程类别": "CPR+AED", "标题": "社区班", "举办单位": "澄江街道", "地点": "训练厅", "日期": "2026-12-05",
    "上课时间": "14:00", "下课时间": "17:00", "连上几天": "", "名额": "24", "领域": "学校", "师资": "陈建国、李明",
    "谁可以报": "本单位专场",
}  # fmt: skip


@pytest.fixture(autouse=True)
def ground(app: Flask) -> Account:
    with factories.made():
        factories.venue(name="训练厅")
        factories.instructor("陈建国")
        factories.instructor("李明")
        return factories.account("operator")


@pytest.fixture(autouse=True)
def acting(ground: Account) -> Any:
    with factories.acting(ground):
        yield


def sheet(*changes: dict[str, Any]) -> Sheet:
    rows = [HEAD, *([{**GOOD, **one}[column] for column in HEAD] for one in changes)]
    return spreadsheet.read(sheets.book(rows))


def read(*changes: dict[str, Any]) -> Preview:
    return preview(sheet(*changes))


def drafted(of: Sheet, **options: Any) -> list[int]:
    with unit_of_work():
        return [run.id for run in import_month(of, **options)]


def test_a_merged_cell_speaks_for_its_rows_and_figures_are_read_as_clerks_write_them() -> None:
    rows = [
        HEAD,
        [{**GOOD, "日期": "46361", "下课时间": "１７：００", "名额": "２４人"}[column] for column in HEAD],
        [{**GOOD, "课程类别": "", "举办单位": "", "地点": "", "日期": "2026/12/12"}[column] for column in HEAD],
    ]
    merged = tuple((1, HEAD.index(column), 3, HEAD.index(column)) for column in ("课程类别", "举办单位", "地点"))
    made = preview(Sheet([*rows, [""] * len(HEAD)], merged=merged))
    assert made.faults == {}
    assert [clock.local(one.draft.meetings[0].starts_at).date() for one in made.new] == [
        date(2026, 12, 5), date(2026, 12, 12),
    ]  # fmt: skip
    assert {(one.draft.capacity, one.draft.venue_id) for one in made.new} == {(24, made.new[0].draft.venue_id)}


@pytest.mark.parametrize(
    "under",
    [
        {"课程类别": "制表人：王老师", "日期": "日期：2026-12-01"}, {"标题": "制表人：王老师  日期：2026年12月1日"},
        {"课程类别": "制表人：王", "举办单位": "审核人：李", "地点": "负责人：陈", "日期": "2026-12-01"}, {"课程类别": "江阴市红十字会"},
    ],
)  # fmt: skip
def test_a_signature_under_the_month_is_no_faulty_row_and_told_of(under: dict[str, str]) -> None:
    made = read({}, dict.fromkeys(HEAD, "") | under)
    assert (made.faults, len(made.new), made.left_out) == ({}, 1, [3])


def test_a_remark_merged_across_the_month_is_told_of() -> None:
    rows = [HEAD, [GOOD[column] for column in HEAD], ["各单位请核对" if n == 0 else "" for n in range(len(HEAD))]]
    made = preview(Sheet([*rows, [""] * len(HEAD)], merged=((2, 0, 3, len(HEAD) - 1),)))
    assert (made.faults, len(made.new), made.left_out) == ({}, 1, [3])


@pytest.mark.parametrize(
    "row",
    [
        {"日期": "2026-12-12"}, {"日期": "2026-12-12", "上课时间": "9:00"}, {"上课时间": "9:00"},
        {**GOOD, "师资": "负责人：陈建国", "上课时间": "", "下课时间": ""},
    ],
)  # fmt: skip
def test_a_row_that_was_begun_is_a_fault_and_never_left_out(row: dict[str, str]) -> None:
    made = read({}, dict.fromkeys(HEAD, "") | row)
    assert (list(made.faults), made.left_out) == ([3], [])


@pytest.mark.parametrize("own", ["标题", "地点"])
def test_a_run_whose_hours_stand_in_a_merged_cell_is_no_remark(own: str) -> None:
    words = {"标题": "二班", "地点": "训练厅"}
    rows = [HEAD, [GOOD[column] for column in HEAD], [words[own] if c == own else "" for c in HEAD]]
    merged = tuple((1, n, 2, n) for n, column in enumerate(HEAD) if column != own)
    made = preview(Sheet(rows, merged=merged))
    assert (len(made.entries) + len(made.faults), made.left_out) == (2, [])


def test_a_month_of_remarks_alone_says_that_nothing_was_filled_in() -> None:
    made = read(dict.fromkeys(HEAD, "") | {"标题": "制表人：王老师"})
    assert (made.faults, made.left_out) == ({0: ["表头下面还没有填场次，请填好再上传。"]}, [2])


@pytest.mark.parametrize(("begins", "ends"), [("0.5", "0.9999"), ("0.5", "0.99999999")])
def test_a_share_of_the_day_next_to_its_end_is_its_last_minute(begins: str, ends: str) -> None:
    made = preview(sheet({"上课时间": begins, "下课时间": ends}))
    assert (made.faults, clock.local(made.new[0].draft.meetings[0].ends_at).time()) == ({}, time(23, 59))


def test_a_row_becomes_the_draft_it_says() -> None:
    (run_id,) = drafted(sheet({"连上几天": "2"}))
    found = run_with_seats(run_id)
    assert (found.run.state, found.run.title, found.pool.capacity, found.run.open_to_all) == (
        "draft",
        "社区班",
        24,
        False,
    )
    assert (found.run.syllabus.course_type.code, found.unit.name, found.sector.name) == ("cpr_aed", "澄江街道", "学校")
    assert [one.starts_at for one in meetings_of(run_id)] == [clock.at_local(date(2026, 12, d), 14) for d in (5, 6)]
    assert [one.name for one in instructors_of(run_id)] == ["陈建国", "李明"]


def test_what_is_left_out_has_a_default() -> None:
    empty = dict.fromkeys(("标题", "名额", "领域", "师资", "谁可以报"), "")
    found = run_with_seats(drafted(sheet(empty))[0])
    assert (found.run.title, found.sector.code, found.run.open_to_all) == ("CPR+AED培训", "community", True)


def test_the_same_file_again_makes_nothing() -> None:
    month = sheet({}, {"日期": "2026-12-12"}, {"上课时间": "09:00", "下课时间": "12:00"})
    assert [len(drafted(month)) for _ in range(2)] == [3, 0]
    assert [one.there is not None for one in preview(month).entries] == [True] * 3
    assert db.session.scalar(select(func.count(CourseRun.id))) == 3


def test_a_cancelled_run_may_be_planned_again() -> None:
    (run_id,) = drafted(sheet({}))
    with factories.made():
        db.session.get_one(CourseRun, run_id).state = "cancelled"
    assert len(drafted(sheet({}))) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"课程类别": "钢琴"}, "课程类别：没有这个课程类别"),
        ({"课程类别": ""}, "课程类别：没有填。"),
        ({"举办单位": "北京市"}, "举办单位：没有这个单位"),
        ({"地点": "别的厅"}, "地点：没有这个地点"),
        ({"日期": "下周六"}, "日期：请写成 2026-12-05 的样子。"),
        ({"日期": "2026-02-30"}, "日期：请写成"),
        ({"日期": "2026-11-01"}, "日期：这个时间已经过去"),
        ({"日期": "2036-12-05"}, "日期：离今天超过一年"),
        ({"上课时间": "25:00"}, "上课时间：请写成 14:00 的样子。"),
        ({"下课时间": "13:00"}, "下课时间：不晚于上课时间"),
        ({"连上几天": "9"}, "连上几天：请填 1 到 4 的整数"),
        ({"名额": "很多"}, "名额：请填 1 到 5000 的整数"),
        ({"领域": "月球"}, "领域：请填六个领域之一"),
        ({"师资": "陈建国、王五"}, "师资：第 2 位不在在岗师资名册里"),
        ({"谁可以报": "亲戚"}, "谁可以报：请填“面向全市”"),
        ({"标题": "长" * 101}, "标题：太长了"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row(change: dict[str, str], said: str) -> None:
    made = read({}, change)
    assert [one.row for one in made.entries] == [2]
    assert len(made.faults[3]) == 1
    assert made.faults[3][0].startswith(said)


def test_all_faults_of_a_row_are_told_at_once_and_no_name_is_repeated() -> None:
    said = read({"课程类别": "钢琴", "日期": "x", "师资": "王五"}).faults[2]
    assert len(said) == 3
    assert "王五" not in "".join(said)


def test_two_rows_for_one_run_are_told() -> None:
    assert read({}, {"标题": "另一个名字"}).faults == {3: ["和第 2 行是同一场（课程、地点、时间都一样），请删去一行。"]}


@pytest.mark.parametrize(
    ("said", "day"),
    [("2026/12/5", 5), ("2026.12.05", 5), ("2026年12月5日", 5), ("20261205", 5), ("12月5日", 5), (" 2026-12-5 ", 5)],
)
def test_days_are_read_as_people_write_them(said: str, day: int) -> None:
    (entry,) = read({"日期": said}).entries
    assert clock.day_of(entry.draft.meetings[0].starts_at) == date(2026, 12, day)


def test_a_day_without_its_year_is_the_next_one() -> None:
    (entry,) = read({"日期": "3月1日"}).entries
    assert clock.day_of(entry.draft.meetings[0].starts_at) == date(2027, 3, 1)


@pytest.mark.parametrize("said", ["14:00", "14：00", "14点", "14时00分", "14:00:00", 14 / 24])
def test_times_are_read_as_people_write_them(said: Any) -> None:
    (entry,) = read({"上课时间": said}).entries
    assert entry.draft.meetings[0].starts_at == clock.at_local(date(2026, 12, 5), 14)


def test_nothing_is_written_while_a_row_is_wrong_unless_asked() -> None:
    month = sheet({}, {"地点": "别的厅"})
    with pytest.raises(MonthRefused) as refused, unit_of_work():
        import_month(month)
    assert [one["pointer"] for one in refused.value.errors] == ["/rows/3"]
    assert db.session.scalar(select(func.count(CourseRun.id))) == 0
    assert len(drafted(month, partial=True)) == 1


def test_a_sheet_of_faults_alone_is_refused_either_way() -> None:
    with pytest.raises(MonthRefused), unit_of_work():
        import_month(sheet({"地点": "别的厅"}), partial=True)


def test_clashes_are_told_before_anything_is_made() -> None:
    with factories.made():
        factories.run(title="老场次", venue_id=db.session.scalars(select(Venue.id)).first(),
                      starts_in=timedelta(days=12, hours=3))  # fmt: skip
    first, second = read({}, {"上课时间": "16:00", "下课时间": "18:00"}).entries
    assert [sorted(one.code for one in entry.clashes) for entry in (first, second)] == [
        ["instructor_clash", "instructor_clash", "venue_clash", "venue_clash"]
    ] * 2


def test_a_unit_manager_names_units_of_their_own() -> None:
    with factories.made():
        here = factories.account("unit_manager", "chengjiang")
    with factories.acting(here):
        assert len(read({}).entries) == 1
        assert "不在您的管理范围内" in read({"举办单位": "南闸街道"}).faults[2][0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["随便", "写写"]], "没有找到表头"),
        ([HEAD], "还没有填场次"),
        ([[c for c in HEAD if c != "地点"], ["x"] * 11], "表头里没有“地点”"),
        ([HEAD, *[["x"] * 12] * (LAYOUT.most + 1)], f"一次最多导入 {LAYOUT.most} 场"),
    ],
)
def test_a_sheet_that_is_no_month_is_told_as_such(rows: list[list[str]], said: str) -> None:
    assert said in preview(spreadsheet.read(sheets.book(rows))).faults[0][0]


def test_the_template_offers_choices_and_comes_back_empty() -> None:
    content = month_template()
    assert preview(spreadsheet.read(content)).faults == {0: ["表头下面还没有填场次，请填好再上传。"]}
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        first, words = book.read("xl/worksheets/sheet1.xml").decode(), book.read("xl/sharedStrings.xml").decode()
    assert first.count('type="list"') == 5
    assert "训练厅" in words
    assert "本单位专场" in words
