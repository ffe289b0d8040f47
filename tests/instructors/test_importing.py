"""The register comes in whole or not at all; a second upload changes nothing."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core import privacy, spreadsheet
from chengjiu_mp.core.context import SYSTEM, Principal
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.core.spreadsheet import Sheet
from chengjiu_mp.instructors import importing
from chengjiu_mp.instructors.errors import RegisterRefused
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.instructors.refreshing import phone_of, record_refresher
from chengjiu_mp.instructors.sheet import COLUMNS, template
from chengjiu_mp.signin import service, sessions
from chengjiu_mp.signin.models import Account
from tests import factories
from tests.sheets import book

HEADER = list(COLUMNS.values())
CHEN = ["陈建国", "13900138001", "南闸街道", "一级", "三星", "SZ-001", "2024-05-01", "2026-12-01"]
WANG = ["王芳", "13900138002", "云亭街道", "", "", "", "", ""]


def office(unit: str | None = None) -> Principal:
    with factories.made():
        factories.unit()
        who = factories.account("operator", unit)
    return Principal(account_id=who.id, grants=sessions.grants_of(who.id))


def changed(row: list[str], **values: str) -> list[str]:
    return [values.get(name, said) for name, said in zip(COLUMNS, row, strict=True)]


def upload(*rows: list[str], by: Principal | None = None) -> importing.Preview:
    by = by or office()
    with unit_of_work():
        return importing.import_register(Sheet([HEADER, *rows]), by)


def register() -> dict[str, Instructor]:
    db.session.rollback()
    return {one.name: one for one in db.session.scalars(select(Instructor))}


def test_a_register_makes_people_who_can_sign_in_by_phone(app: Flask) -> None:
    made = upload(CHEN, WANG)
    chen = register()["陈建国"]
    assert (made.count("add"), chen.stars, chen.grade, str(chen.refresh_due)) == (2, 3, "一级", "2026-12-01")
    with unit_of_work():
        account = service.account_of_phone(privacy.phone_index("13900138001"))
    assert account.id == chen.account_id and sessions.grants_of(account.id)[0].role == "instructor"


def test_the_same_file_twice_changes_nothing(app: Flask) -> None:
    by = office()
    upload(CHEN, WANG, by=by)
    entries = len(db.session.scalars(select(AuditEntry.id)).all())
    again = upload(CHEN, WANG, by=by)
    assert (again.count("same"), again.count("add"), again.count("update")) == (2, 0, 0)
    assert len(db.session.scalars(select(AuditEntry.id)).all()) == entries


def test_a_phone_finds_the_person_and_updates_what_differs(app: Flask) -> None:
    upload(CHEN)
    (entry,) = upload(changed(CHEN, grade="二级", unit="云亭街道")).entries
    assert (entry.action, sorted(entry.changes)) == ("update", ["grade", "unit_id"])
    assert len(register()) == 1 and register()["陈建国"].grade == "二级"


def test_a_certificate_number_finds_a_person_with_a_new_phone(app: Flask) -> None:
    upload(CHEN)
    before = register()["陈建国"].account_id
    upload(changed(CHEN, phone="13900138009"))
    chen = register()["陈建国"]
    assert phone_of(chen) == "13900138009" and chen.account_id == before
    assert db.session.get_one(Account, before).phone_index == privacy.phone_index("13900138009")


def test_the_old_phones_sign_ins_end_with_the_old_phone(app: Flask) -> None:
    upload(CHEN)
    with unit_of_work():
        token, _ = sessions.open_session("bearer", register()["陈建国"].account_id)
    upload(changed(CHEN, phone="13900138009"))
    assert sessions.principal_of(token, "bearer") is None


def test_blank_cells_erase_nothing(app: Flask) -> None:
    upload(CHEN)
    upload(changed(CHEN, grade="", refresh_due="", certificate_no="", stars=""))
    chen = register()["陈建国"]
    assert (chen.grade, str(chen.refresh_due), chen.certificate_no, chen.stars) == ("一级", "2026-12-01", "SZ-001", 3)


def test_an_old_list_does_not_take_a_recorded_refresher_back(app: Flask) -> None:
    upload(CHEN)
    with unit_of_work():
        record_refresher(db.session.scalars(select(Instructor)).one(), date(2026, 11, 1), "班")
    (entry,) = upload(CHEN).entries
    assert str(register()["陈建国"].refresh_due) == "2028-11-01" and "2028-11-01" in entry.notes[0]


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no name": ({"name": ""}, "姓名"),
    "name with digits": ({"name": "王芳1"}, "姓名"),
    "short phone": ({"phone": "1390013800"}, "手机号"),
    "landline": ({"phone": "0510-86801234"}, "固定电话"),
    "no phone": ({"phone": ""}, "手机号"),
    "unknown unit": ({"unit": "火星街道"}, "没有这个单位"),
    "no unit": ({"unit": ""}, "单位"),
    "stars": ({"stars": "9"}, "星级"),
    "day": ({"refresh_due": "明年"}, "下次复训日期"),
    "29 February": ({"refresh_due": "2027-02-29"}, "下次复训日期"),
    "qualified tomorrow": ({"qualified_on": "2026-11-24"}, "晚于今天"),
    "due before qualified": ({"qualified_on": "2026-05-01", "refresh_due": "2026-04-30"}, "早于取得日期"),
    "long grade": ({"grade": "级" * 21}, "级别"),
    "phone twice": ({"phone": "13900138001"}, "和第 2 行重复"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_refuses_the_file_with_its_row(app: Flask, name: str) -> None:
    values, words = FAULTS[name]
    with pytest.raises(RegisterRefused) as refused:
        upload(CHEN, changed(WANG, **values))
    (fault,) = refused.value.errors
    assert fault["pointer"] == "/rows/3" and words in fault["detail"] and fault["detail"].startswith("第 3 行：")
    assert "13900" not in fault["detail"]
    assert register() == {}


def test_a_dry_run_says_everything_and_writes_nothing(app: Flask) -> None:
    upload(WANG)
    rows = [HEADER, CHEN, changed(WANG, stars="★★"), changed(WANG, phone="123", name="李娜")]
    made = importing.preview(Sheet(rows), office())
    assert (made.count("add"), made.count("update"), list(made.faults)) == (1, 1, [4])
    assert list(register()) == ["王芳"] and register()["王芳"].stars == 0


@pytest.mark.parametrize("rows", [[["序号", "项目"]], [HEADER], [["姓名", "手机号"], ["王芳", "13900138002"]]])
def test_a_sheet_of_another_kind_says_what_to_do(app: Flask, rows: list[list[str]]) -> None:
    made = importing.preview(Sheet(rows), SYSTEM)
    assert made.faults[0][0].endswith("。") and made.entries == []


def test_an_operator_of_a_unit_imports_for_it_alone(app: Flask) -> None:
    upload(WANG)
    by = office("nanzha")
    assert upload(CHEN, by=by).count("add") == 1
    with pytest.raises(RegisterRefused):
        upload(changed(CHEN, phone="13900138003", certificate_no="", unit="云亭街道"), by=by)
    with pytest.raises(RegisterRefused):
        upload(changed(WANG, unit="南闸街道"), by=by)


@pytest.mark.parametrize(
    "said", ["2026-12-01", "2026/12/1", "2026.12.01", "2026年12月1日", "20261201", " 2026 - 12 - 01 "]
)
def test_days_are_read_as_people_write_them(app: Flask, said: str) -> None:
    upload(changed(CHEN, refresh_due=said))
    assert str(register()["陈建国"].refresh_due) == "2026-12-01"


def test_an_xlsx_with_numbers_and_the_template_are_read(app: Flask) -> None:
    content: list[Any] = ["陈建国", 13900138001, "南闸街道", "一级", 3, "SZ-001", "2024-05-01", ""]
    by = office()
    with unit_of_work():
        importing.import_register(spreadsheet.read(book([HEADER, content])), by)
    assert register()["陈建国"].stars == 3
    assert spreadsheet.read(template()).rows[0] == HEADER


def test_no_personal_data_is_in_the_audit(app: Flask) -> None:
    upload(CHEN)
    said = str([entry.facts for entry in db.session.scalars(select(AuditEntry))])
    assert "陈建国" not in said and "13900138001" not in said
