"""技能考核表 by forms alone: the list, one person's steps, what is refused, what the phone is given to keep."""

import json
import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.exams.exemption_models import ExamExemption
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories
from tests.exams.test_steps import AED, CPR


class Phone:
    """An instructor's phone, a run that is over and who was there."""

    def __init__(self, client: Any, *names: str) -> None:
        self.client = client
        with factories.made():
            teacher = factories.instructor()
            self.run = rows.past_run(instructors=[teacher])
            self.people = [rows.attended(self.run, name, sort_key=str(n)) for n, name in enumerate(names)]
            self.headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        self.list = f"/teach/runs/{self.run.id}/checklist"

    def url(self, n: int = 0) -> str:
        return f"{self.list}/{self.people[n].id}"

    def get(self, url: str, **more: str) -> str:
        return self.client.get(url, headers=self.headers | more).text

    def save(self, version: int = 0, theory: str = "90", n: int = 0, **failed: str) -> Any:
        form = {"version": version, "p.theory": theory}
        for item, codes in {"cpr": CPR, "aed": AED}.items():
            for code in codes:
                form[f"t.{item}.{code}"] = "no" if code in failed else "ok"
                form[f"w.{item}.{code}"] = failed.get(code, "漏做")
        return self.client.post(self.url(n), data=form, headers=self.headers)

    def hand_in(self) -> dict[str, str]:
        """Submit what was saved, and return who may confirm it."""
        with factories.made():
            found = db.session.scalars(select(Submission)).one()
            found.state, found.submitted_by, found.submitted_at = "submitted", factories.account().id, self.run.ends_at
            return factories.bearer("approver")


@pytest.fixture
def phone(client: Any) -> Phone:
    return Phone(client, "欧阳娜娜", "张三", "张四")


def stored() -> ExamResult:
    db.session.expire_all()
    return db.session.scalars(select(ExamResult)).one()


def test_a_sheet_is_ticked_saved_and_listed(phone: Phone) -> None:
    page = phone.get(phone.url())
    assert len(re.findall(r'<input type="radio"[^>]+value="ok"', page)) == len(CPR) + len(AED)
    assert "checked" not in page.partition("<form")[2]
    reply = phone.save(rate="超时")
    assert reply.status_code == 303
    assert (stored().items, stored().outcome) == ({"theory": 90, "cpr": 85, "aed": 100}, "passed")
    page = phone.get(reply.headers["Location"])
    for words in ("欧阳娜娜：合格", "心肺复苏 85", "按压频率：每分钟 100～120 次：超时", "已考完 1 人", "还有 2 人"):
        assert words in page
    again = phone.get(phone.url())
    assert "<option selected>超时</option>" in again
    assert "85 分" in again


def test_a_critical_step_fails_the_item_and_the_approver_reads_why(phone: Phone) -> None:
    phone.save(call="做得不到位")
    assert (stored().items["cpr"], stored().outcome) == (79, "failed")
    assert "呼救：打 120、取 AED（关键）：做得不到位" in phone.get(f"/teach/runs/{phone.run.id}/results")
    approver = phone.hand_in()
    desk = phone.client.get(f"/console/results/{phone.run.id}", headers=approver).text
    assert "没做到的步骤" in desk
    assert "呼救：打 120、取 AED（关键）：做得不到位" in desk


def test_half_a_sheet_is_saved_too(phone: Phone) -> None:
    form = {"version": "0", "p.theory": "", "t.cpr.scene": "ok", "t.cpr.call": "no", "w.cpr.call": "没听过的理由"}
    assert phone.client.post(phone.url(), data=form, headers=phone.headers).status_code == 303
    assert (stored().steps, stored().outcome) == ({"cpr": {"scene": "", "call": "漏做"}}, "incomplete")
    assert "还没有勾完" in phone.get(phone.url())


def test_who_comes_second_sees_the_others_points_and_decides(phone: Phone) -> None:
    phone.save(theory="70")
    reply = phone.save(theory="95", rate="超时")
    assert reply.status_code == 409
    assert "刚刚有人把这位学员的成绩改成：理论 70、心肺复苏 100、AED 操作 100" in reply.text
    assert stored().items["theory"] == 70
    assert 'value="95"' in reply.text
    version = int(re.search(r'name="version" value="(\d+)"', reply.text)[1])  # type: ignore[index]
    assert phone.save(version, theory="95", rate="超时").status_code == 303
    assert stored().items == {"theory": 95, "cpr": 85, "aed": 100}


@pytest.mark.parametrize("wrong", ["101", "八十", "-1"])
def test_wrong_points_are_said_and_the_ticks_stay(phone: Phone, wrong: str) -> None:
    reply = phone.save(theory=wrong, rate="超时")
    assert reply.status_code == 422
    assert "理论请填 0 到 100 的数字" in reply.text
    assert "<option selected>超时</option>" in reply.text
    assert db.session.scalars(select(ExamResult)).all() == []


def test_handed_in_there_is_nothing_to_tick(phone: Phone) -> None:
    phone.save(rate="超时")
    phone.hand_in()
    page = phone.get(phone.url())
    assert ("成绩已经提交" in page, 'type="radio"' in page, "超时" in page) == (True, False, True)
    assert phone.save(1).status_code == 409


def test_what_the_phone_keeps_names_nobody(phone: Phone) -> None:
    phone.save(rate="超时")
    for url in (phone.list, phone.url()):
        kept = phone.get(url, **{"X-Kept": "1"})
        assert [words for words in ("欧阳", "娜娜", ">张", "data-row", "selected>", " checked") if words in kept] == []
    people = json.loads(unescape(re.search(r'data-rows="([^"]*)"', phone.get(phone.list))[1]))  # type: ignore[index]
    assert [(one["name"], bool(one["tail"])) for one in people] == [("欧阳**", False), ("张*", True), ("张*", True)]


def test_another_instructor_and_a_stranger_to_the_run_find_nothing(phone: Phone) -> None:
    with factories.made():
        other = factories.bearer("instructor")
        elsewhere = rows.attended(rows.past_run())
    assert phone.client.get(phone.list, headers=other).status_code == 404
    assert phone.client.get(f"{phone.list}/{elsewhere.id}", headers=phone.headers).status_code == 404


def test_an_empty_hall_says_where_to_go(client: Any) -> None:
    assert "还没有人签到" in (empty := Phone(client)).get(empty.list)


def test_a_latecomer_moves_nobodys_number(phone: Phone) -> None:
    line = re.compile(r"<b><a[^>]*>([^<]+)</a></b></p><p[^>]*>(\d+) 号")
    assert line.findall(phone.get(phone.list)) == [("欧阳娜娜", "1"), ("张三", "2"), ("张四", "3")]
    with factories.made():
        rows.attended(phone.run, "安心", sort_key="")
    assert line.findall(phone.get(phone.list)) == [("安心", "4"), ("欧阳娜娜", "1"), ("张三", "2"), ("张四", "3")]


def typed(phone: Phone, **more: Any) -> ExamResult:
    with factories.made():
        found = rows.result(phone.people[0], {"theory": 60, "cpr": 88, "aed": 95}, "failed")
        for name, value in more.items():
            setattr(found, name, value)
    return found


def test_points_typed_in_the_grid_outlive_a_sheet_that_ticks_nothing_of_them(phone: Phone) -> None:
    typed(phone)
    reply = phone.client.post(phone.url(), data={"version": 1, "p.theory": "90"}, headers=phone.headers)
    assert reply.status_code == 303
    assert (stored().items, stored().outcome) == ({"theory": 90, "cpr": 88, "aed": 95}, "passed")


def test_ticks_taken_back_take_their_points_along(phone: Phone) -> None:
    phone.save()
    phone.client.post(phone.url(), data={"version": 1, "p.theory": "90"}, headers=phone.headers)
    assert (stored().items, stored().outcome) == ({"theory": 90}, "incomplete")


def test_what_need_not_be_taken_again_is_said_and_stays(phone: Phone) -> None:
    typed(phone, carried=["cpr"], items={"cpr": 88}, outcome="incomplete")
    with factories.made():
        db.session.add(
            ExamExemption(
                run_id=phone.run.id, signup_id=phone.people[0].id, item="aed", reason="持证", certificate_no="A1"
            )
        )
    page = phone.get(phone.url())
    assert "上次已合格，沿用 88 分，不用再考" in page and "免考，不用考" in page
    assert 'name="t.cpr.' not in page and 'name="t.aed.' not in page
    reply = phone.client.post(phone.url(), data={"version": 1, "p.theory": "90"}, headers=phone.headers)
    assert reply.status_code == 303
    assert (stored().items, stored().outcome) == ({"theory": 90, "cpr": 88}, "passed")
