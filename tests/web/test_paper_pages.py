"""The sheet's page and the one field, by forms alone."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp.checkin.models import CheckIn, Scan
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from tests import factories
from tests.web.test_scan_pages import _form, _sign_in, _submit


@pytest.fixture
def class_(app, client):
    """A run that begins in ten minutes with eight people; its instructor is signed in."""
    with factories.made():
        teacher = factories.instructor("陈建国")
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher])
        people = [factories.signup(run, f"学员{c}", sort_key=c, code=f"AB2C9{c}") for c in "ABCDEFGH"]
        numbers = [row.id for row in people]
    _sign_in(client, teacher.account_id or 0)
    return {"run": run.id, "path": f"/teach/runs/{run.id}", "ids": numbers, "account": teacher.account_id}


def field(page: str) -> str:
    return re.search(r'<textarea[^>]*name="codes"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1]  # type: ignore[index]


def here() -> list[int]:
    db.session.rollback()
    return sorted(db.session.scalars(select(CheckIn.signup_id)))


def test_eight_codes_in_one_field_are_eight_check_ins(client, class_):
    page = _submit(
        client,
        class_["path"],
        'name="codes"',
        codes="ab2c9a AB2C9B,AB2C9C，ＡＢ２Ｃ９Ｄ\r\nab2 c9e AB2C9F\nAB2C9G、AB2C9H",
    )
    assert "录入了 8 人" in page.text
    assert here() == class_["ids"]
    assert field(page.text) == ""
    assert client.get(class_["path"]).text.count("纸质签到</span>") == 8


def test_what_is_wrong_stays_in_the_field_with_its_reason(client, class_):
    page = _submit(client, class_["path"], 'name="codes"', codes="AB2C9A AB2C9Z 张三")
    assert "录入了 1 人" in page.text
    assert field(page.text).split() == ["AB2C9Z", "张三"]
    assert "没有找到这张票" in page.text
    assert "看不懂" in page.text
    mended = _submit(client, f"{class_['path']}/paper", 'id="paper"', codes="AB2C9B AB2C9A")
    assert "录入了 2 人" in mended.text
    assert "已签过到" in mended.text
    assert here() == class_["ids"][:2]


def test_the_form_sent_twice_is_one_entry(client, class_):
    action, fields = _form(client, class_["path"], 'name="codes"')
    replies = [client.post(action, data=fields | {"codes": "AB2C9A"}) for _ in range(2)]
    assert all("签到成功" in one.text for one in replies)
    assert len(db.session.scalars(select(Scan)).all()) == 1


@pytest.mark.parametrize(
    ("codes", "words"), [("", "请填签到表上"), (" ".join(map(str, range(1, 202))), "一次最多填 200 个")]
)
def test_nothing_and_too_much_are_said_at_the_field(client, class_, codes, words):
    page = _submit(client, class_["path"], 'name="codes"', codes=codes)
    assert page.status_code == 422
    assert words in page.text
    assert field(page.text) == codes


def test_the_sheet_has_everybody_and_no_document(client, class_):
    page = _submit(client, class_["path"], "打印签到表")
    assert page.status_code == 200
    assert re.findall(r"学员[A-H]", page.text) == [f"学员{c}" for c in "ABCDEFGH"]
    assert re.findall(r"AB2C9[A-H]", page.text) == [f"AB2C9{c}" for c in "ABCDEFGH"]
    assert page.text.count("<svg xmlns") == 8
    assert page.text.count('class="free"') == 5
    assert "第 1 页，共 2 页" in page.text
    assert "证件尾号" not in page.text
    assert not re.search(r"320281\d{8}", page.text)
    assert page.headers["Cache-Control"] == "no-store"
    assert (
        db.session.scalars(select(AuditEntry.actor_id).where(AuditEntry.action == "checkin.sheet_printed")).one()
        == class_["account"]
    )


def test_a_number_of_the_sheet_checks_in(client, class_):
    _submit(client, class_["path"], "打印签到表")
    assert "学员C" in _submit(client, f"{class_['path']}/paper", 'id="paper"', codes="3").text
    assert here() == [class_["ids"][2]]


def test_days_later_the_paper_is_typed_in(client, class_, frozen):
    frozen.now += timedelta(days=3)
    _sign_in(client, class_["account"])
    assert "录入了 1 人" in _submit(client, class_["path"], 'name="codes"', codes="AB2C9A").text


def test_before_the_hours_the_sheet_is_printed_but_nobody_entered(client, class_, frozen):
    frozen.now -= timedelta(hours=3)
    _sign_in(client, class_["account"])
    page = client.get(class_["path"]).text
    assert "打印签到表" in page
    assert 'name="codes"' not in page
    assert "还没到签到时间" in _submit(client, f"{class_['path']}/paper", 'id="paper"', codes="AB2C9A").text


def test_the_console_comes_back_to_its_own_roster(client, class_):
    with factories.made():
        boss = factories.account("operator").id
    _sign_in(client, boss)
    path = f"/console/runs/{class_['run']}/checkins"
    for marker, values in (('name="codes"', {"codes": "AB2C9A"}), ("打印签到表", {})):
        assert f'href="{path}"' in _submit(client, path, marker, **values).text


@pytest.mark.parametrize("tail", ["/paper", "/sheet"])
def test_a_strangers_run_is_not_found(client, class_, tail):
    with factories.made():
        stranger = factories.instructor("刘芳").account_id
    _sign_in(client, stranger or 0)
    data = {"codes": "AB2C9A", "meeting_id": 1, "nonce": "a" * 26} if tail == "/paper" else {}
    client.get("/teach/")
    assert client.post(class_["path"] + tail, data=data).status_code in (400, 404)
    assert here() == []
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.action == "checkin.sheet_printed")).all() == []
