"""A liaison's sheet from upload to tickets: feat-N6's own acceptance, and what may not happen on the way."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.reserving import reserve_places
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.lists import queries, result_sheet, upload_queries
from chengjiu_mp.lists.models import UnitList, UnitListRow
from tests import factories, invariants, rosters, signups

FAULTS = {
    3: {"证件号码": "320281198506150010"},  # its check digit is another
    9: {"手机号": "1390000000"},
    15: {"姓名": "王5"},
    21: {"人群类别": "老师们"},
    30: {"证件号码": ""},
}


def planted() -> list[dict[str, str]]:
    return [rosters.person(n, **FAULTS.get(n, {})) for n in range(40)]


def plans(upload_id: int) -> dict[str, int]:
    return {word: count for word, count in upload_queries.plans_of(upload_id).items() if count}


def runs(*starts: timedelta, **values: Any) -> list[int]:
    with factories.made():
        return [factories.run(starts_in=one, **values).id for one in starts]


def signup_count() -> int:
    return db.session.scalar(select(func.count()).select_from(Signup)) or 0


@pytest.fixture
def list_id(app) -> int:
    return rosters.a_list()


def test_forty_rows_with_five_faults_bring_thirty_five_in_and_five_reasons_back(list_id):
    upload = rosters.enrolled(list_id, rosters.sheet(planted()))
    assert (upload.state, upload_queries.counts_of(upload.id)) == ("done", {"added": 35, "rejected": 5})
    rejected = [line for line in rosters.lines(upload.id) if line.outcome == "rejected"]
    assert [(line.number, line.field) for line in rejected] == [
        (5, "证件号码"), (11, "手机号"), (17, "姓名"), (23, "人群类别"), (32, "证件号码"),
    ]  # fmt: skip
    assert all(line.reason for line in rejected)
    assert signup_count() == 35
    assert invariants.broken() == {}


def test_the_corrected_file_brings_five_more_and_leaves_the_others_alone(list_id):
    rosters.enrolled(list_id, rosters.sheet(planted()))
    again = rosters.enrolled(list_id, rosters.sheet([rosters.person(n) for n in range(40)]))
    assert upload_queries.counts_of(again.id) == {"added": 5, "same": 35}
    assert signup_count() == 40


def test_the_same_file_twice_does_nothing(list_id):
    rosters.enrolled(list_id, rosters.sheet(planted()))
    before = signup_count()
    again = rosters.enrolled(list_id, rosters.sheet(planted()))
    assert upload_queries.counts_of(again.id) == {"same": 35, "rejected": 5}
    assert signup_count() == before


def test_the_file_comes_back_with_its_own_columns_results_and_codes(list_id):
    upload = rosters.enrolled(list_id, rosters.sheet(planted()))
    head, *rows = rosters.cells(result_sheet.result_file(upload, whole=True))
    assert head[:4] == ["姓名", "证件类型", "证件号码", "手机号"]
    at = {name: n for n, name in enumerate(head)}
    assert rows[0][at["结果"]] == "已报上"
    assert len(rows[0][at["签到码"]]) == 6
    assert "/i/" in rows[0][at["领票链接"]]
    assert (rows[3][at["结果"]], rows[3][at["签到码"]], rows[3][at["行号"]]) == ("没报上", "", "5")
    assert rows[3][at["原因"]].startswith("证件号码：")


def test_the_file_says_who_waits_where_in_the_line_now(app):
    with factories.made():
        run_id = factories.run(capacity=1).id
    upload = rosters.enrolled(rosters.a_list(run_id), rosters.sheet([rosters.person(n) for n in range(3)]))
    head, *rows = rosters.cells(result_sheet.result_file(upload, whole=True))
    told = [(row[head.index("结果")], row[head.index("原因")]) for row in rows]
    assert told == [
        ("已报上", ""), ("候补", "现在排在候补第 1 位，有空位会按顺序通知本人。"), ("候补", "现在排在候补第 2 位，有空位会按顺序通知本人。"),
    ]  # fmt: skip


def test_a_lists_title_turns_nothing_around_it(app):
    row = db.session.get_one(UnitList, rosters.a_list(title="教师\u202e名单"))
    assert row.title == "教师名单"


def test_who_cancelled_is_not_waited_for_any_more(list_id):
    rosters.enrolled(list_id, rosters.sheet([rosters.person(n) for n in range(2)]))
    with unit_of_work():
        withdraw(db.session.scalars(select(Signup).order_by(Signup.id).limit(1)).one())
    awaited = queries.Narrowed(only="open")
    assert [one.name for one in queries.people_of(list_id, awaited)] == [rosters.person(1)["姓名"]]
    assert queries.count_of(list_id, awaited) == 1


def test_somebody_else_gets_the_file_with_numbers_masked(list_id):
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    row = rosters.cells(result_sheet.result_file(upload, whole=False))[1]
    assert row[2] == f"****{rosters.person(1)['证件号码'][-4:]}"
    assert row[3].startswith("139****")


def test_a_person_twice_in_one_file_is_taken_once_and_told_where(list_id):
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1), rosters.person(1, 姓名="李二明")]))
    first, second = rosters.lines(upload.id)
    assert (first.outcome, second.outcome, second.code) == ("added", "rejected", "same_document_above")
    assert "第 2 行" in second.reason


def test_who_signed_up_alone_stays_the_own_master(list_id):
    run_id = queries.runs_of(list_id)[0].run.id
    alone = signups.signed(run_id, doc_number=rosters.person(1)["证件号码"]).signup.id
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    line = rosters.lines(upload.id)[0]
    assert (line.outcome, line.code) == ("rejected", "signed_up_alone")
    assert "本人已报名" in line.reason
    assert db.session.get_one(Signup, alone).state == "confirmed"


def test_who_withdrew_is_not_put_back_by_the_same_file(list_id):
    rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    with unit_of_work():
        withdraw(db.session.scalars(select(Signup)).one())
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    assert rosters.lines(upload.id)[0].code == "withdrawn_alone"
    assert signup_count() == 1


def test_a_changed_phone_and_name_are_taken_while_nothing_is_proved(list_id):
    rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 姓名="钱改名", 手机号="13911112225")]))
    assert rosters.lines(upload.id)[0].outcome == "changed"
    signup = db.session.scalars(select(Signup)).one()
    assert signup.name == "钱改名"


def test_a_proved_name_is_kept_and_becomes_a_case_for_the_desk(list_id):
    rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    with unit_of_work():
        signup = db.session.scalars(select(Signup)).one()
        signup.name_proved_at = clock.now()
        name = signup.name
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 姓名="钱改名")]))
    line = rosters.lines(upload.id)[0]
    assert (line.outcome, line.code) == ("same", "kept_as_proved")
    assert "没有替换" in line.reason
    assert db.session.scalars(select(Signup.name)).one() == name
    assert db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "person.conflict")).all()


def test_lines_name_their_run_and_re_naming_it_moves_the_person(app):
    early, late = runs(timedelta(days=3), timedelta(days=5))
    list_id = rosters.a_list(early, late)
    first = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 场次=f"{early}｜x"), rosters.person(2)]))
    assert [line.code for line in rosters.lines(first.id)] == ["", "run_not_chosen"]
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 场次=f"{late}｜x")]))
    assert rosters.lines(upload.id)[0].outcome == "changed"
    states = dict(db.session.execute(select(Signup.run_id, Signup.state)).all())
    assert states == {early: "moved", late: "confirmed"}
    again = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 场次=f"{late}｜x")]))
    assert rosters.lines(again.id)[0].outcome == "same"
    assert invariants.broken() == {}


def test_the_dry_run_says_who_would_wait_and_signs_up_nobody(app):
    list_id = rosters.a_list(*runs(timedelta(days=3), capacity=3))
    upload_id = rosters.uploaded(list_id, rosters.sheet([rosters.person(n) for n in range(5)]))
    assert plans(upload_id) == {"add": 3, "wait": 2}
    assert signup_count() == 0
    rosters.confirmed(list_id, upload_id)
    rosters.work()
    assert upload_queries.counts_of(upload_id) == {"added": 3, "waiting": 2}


def test_places_kept_for_the_unit_are_taken_first(app):
    with factories.made():
        run = factories.run(capacity=3)
        run_id, pool_id = run.id, reserve_places(run, factories.unit("chengjiang").id, 2).id
    list_id = rosters.a_list(run_id)
    rosters.enrolled(list_id, rosters.sheet([rosters.person(n) for n in range(2)]))
    assert set(db.session.scalars(select(Signup.pool_id))) == {pool_id}


def test_people_count_for_the_lists_unit_and_group(list_id):
    rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 人群类别="教职工")]))
    signup = db.session.scalars(select(Signup)).one()
    assert (signup.key_group, signup.channel) == ("school_staff", "import")
    assert signup.owner_unit_id == queries.runs_of(list_id)[0].unit.id


def test_a_child_under_fourteen_is_refused_with_what_to_do(app):
    list_id = rosters.a_list(*runs(timedelta(days=3), kind="popular"))
    upload = rosters.enrolled(
        list_id, rosters.sheet([rosters.person(1, 证件号码=factories.resident_id(7, "20200101"))])
    )
    line = rosters.lines(upload.id)[0]
    assert (line.outcome, line.code) == ("rejected", "guardian_required")
    assert "监护人" in line.reason


def test_a_number_that_excel_rounded_gets_exactly_that_reason(list_id):
    upload = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 证件号码=320281198506150012)]))
    line = rosters.lines(upload.id)[0]
    assert (line.code, line.field) == ("doc_spreadsheet", "证件号码")


def test_a_line_of_a_name_alone_is_put_down_once_the_link_is_open(list_id):
    refused = rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 证件号码="", 手机号="")]))
    assert rosters.lines(refused.id)[0].outcome == "rejected"
    with unit_of_work():
        db.session.get_one(UnitList, list_id).link_on = True
    line = rosters.person(1, 证件号码="", 手机号="")
    assert rosters.lines(rosters.enrolled(list_id, rosters.sheet([line])).id)[0].outcome == "named"
    assert rosters.lines(rosters.enrolled(list_id, rosters.sheet([line])).id)[0].outcome == "same"
    whole = rosters.enrolled(list_id, rosters.sheet([rosters.person(1)]))
    assert rosters.lines(whole.id)[0].outcome == "added"
    assert db.session.scalar(select(func.count()).select_from(UnitListRow)) == 1


def test_one_name_twice_without_a_document_is_put_down_once(list_id):
    with unit_of_work():
        db.session.get_one(UnitList, list_id).link_on = True
    twice = [rosters.person(1, 证件号码="", 手机号="")] * 2
    upload = rosters.enrolled(list_id, rosters.sheet(twice))
    assert [line.outcome for line in rosters.lines(upload.id)] == ["named", "same"]


def test_two_people_of_one_name_do_not_become_one(list_id):
    with unit_of_work():
        db.session.get_one(UnitList, list_id).link_on = True
    rosters.enrolled(list_id, rosters.sheet([rosters.person(1, 证件号码="", 手机号="")]))
    both = [rosters.person(1), rosters.person(2, 姓名=rosters.person(1)["姓名"])]
    upload = rosters.enrolled(list_id, rosters.sheet(both))
    assert [line.outcome for line in rosters.lines(upload.id)] == ["added", "added"]
    assert signup_count() == 2
    assert queries.figures_of(list_id)["people"] == 2
