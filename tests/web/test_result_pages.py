"""成绩 on a phone and 成绩确认 at the desk, by forms alone."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.core.db import db
from chengjiu_mp.exams.models import ExamResult, Submission
from chengjiu_mp.signin.models import Account
from tests import exams_rows as rows
from tests import factories, issued

ITEMS = ("theory", "cpr", "aed")


class Grid:
    """A run with an instructor and two people, and what the form on their phone holds."""

    def __init__(self, client: Any) -> None:
        self.client = client
        with factories.made():
            teacher = factories.instructor()
            self.run = rows.past_run(instructors=[teacher])
            self.one, self.two = rows.attended(self.run, "张三"), rows.attended(self.run, "李四")
            self.headers = factories.headers_of(db.session.get_one(Account, teacher.account_id))
        self.url = f"/teach/runs/{self.run.id}/results"

    def form(self) -> dict[str, str]:
        html = self.client.get(self.url, headers=self.headers).text
        return dict(re.findall(r'name="([vpb]\.[^"]+)" value="([^"]*)"', html))

    def fill(self, *points: str, who: Any = None) -> dict[str, str]:
        of = (who or self.one).id
        return {f"p.{of}.{code}": value for code, value in zip(ITEMS, points, strict=False)}

    def save(self, form: dict[str, str]) -> Any:
        return self.client.post(self.url, data=form, headers=self.headers)

    def submit(self, **form: Any) -> Any:
        return self.client.post(f"{self.url}/submit", data=form, headers=self.headers)


@pytest.fixture
def grid(client: Any) -> Grid:
    return Grid(client)


def test_one_save_stores_what_changed(grid: Grid) -> None:
    reply = grid.save(grid.form() | grid.fill("80", "９０．５", "100"))
    assert reply.headers["Location"].endswith("?saved=1")
    assert db.session.scalars(select(ExamResult)).one().items == {"theory": 80, "cpr": 90.5, "aed": 100}
    page = grid.client.get(reply.headers["Location"], headers=grid.headers).text
    assert "已保存 1 人的成绩" in page
    assert "合格 1 人" in page
    assert 'value="90.5"' in page


def test_nothing_changed_is_no_error(grid: Grid) -> None:
    assert grid.save(grid.form()).headers["Location"].endswith("?saved=0")


def test_a_wrong_figure_keeps_everything_typed(grid: Grid) -> None:
    typed = grid.form() | grid.fill("101", "八十", "90") | grid.fill("85", who=grid.two)
    reply = grid.save(typed)
    assert reply.status_code == 422
    assert "张三：理论请填 0 到 100 的数字。" in reply.text
    for value in ("101", "八十", "90", "85"):
        assert f'value="{value}"' in reply.text
    assert db.session.scalars(select(ExamResult)).all() == []


def test_somebody_else_was_faster_in_one_row(grid: Grid) -> None:
    mine = grid.form() | grid.fill("70", "70", "70") | grid.fill("85", who=grid.two)
    grid.save(grid.form() | grid.fill("90", "91", "92"))
    reply = grid.save(mine)
    assert reply.status_code == 409
    assert "刚刚有人把这一行改成：理论 90、心肺复苏 91、AED 操作 92" in reply.text
    again = dict(re.findall(r'name="([vpb]\.[^"]+)" value="([^"]*)"', reply.text))
    assert grid.save(again).headers["Location"].endswith("?saved=2")


def test_a_row_i_did_not_touch_is_not_written_over(grid: Grid) -> None:
    mine = grid.form() | grid.fill("85", "85", "85", who=grid.two)
    grid.save(grid.form() | grid.fill("90", "91", "92"))
    assert grid.save(mine).status_code == 303
    assert {r.items["theory"] for r in db.session.scalars(select(ExamResult))} == {85, 90}


def test_the_open_ones_are_ticked_or_completed(grid: Grid) -> None:
    grid.save(grid.form() | grid.fill("90", "91", "92"))
    refused = grid.submit()
    assert refused.status_code == 422
    assert "李四 未参加考核" in refused.text
    assert grid.submit(left_out=[grid.two.id]).status_code == 303
    assert "已交复核" in grid.client.get(grid.url, headers=grid.headers).text


def test_an_empty_hall_says_where_to_go(client: Any, app: Flask) -> None:
    with factories.made():
        run = rows.past_run()
        head = factories.bearer("operator")
    assert "还没有人签到" in client.get(f"/teach/runs/{run.id}/results", headers=head).text


def test_the_grid_of_another_instructor_is_not_there(client: Any, grid: Grid) -> None:
    with factories.made():
        other = factories.bearer("instructor")
    assert client.get(grid.url, headers=other).status_code == 404


@pytest.fixture
def desk(app: Flask) -> tuple[Any, dict[str, str]]:
    run, by = issued.ready_run("张三", "李四")
    with factories.made():
        return run, factories.headers_of(db.session.get_one(Account, by.account_id))


def test_the_queue_says_for_whom_and_how_long(client: Any, desk: Any) -> None:
    page = client.get("/console/results/", headers=desk[1]).text
    assert desk[0].title in page
    assert "1 小时" in page
    assert "周敏" in page


def test_confirming_on_the_page_issues(client: Any, desk: Any) -> None:
    run, head = desk
    assert client.post(f"/console/results/{run.id}/confirm", headers=head).status_code == 303
    page = client.get(f"/console/results/{run.id}", headers=head).text
    assert "发出 2 张证书" in page
    assert "JYA202600002" in page


def test_who_submitted_is_told_and_has_no_button(client: Any, desk: Any) -> None:
    with factories.made():
        who = factories.account("approver")
        db.session.scalars(select(Submission)).one().submitted_by = who.id
        head = factories.headers_of(who)
    page = client.get(f"/console/results/{desk[0].id}", headers=head).text
    assert "您不能确认自己提交的成绩" in page
    assert "确认并发证" not in page
    assert client.post(f"/console/results/{desk[0].id}/confirm", headers=head).status_code == 403


def test_sent_back_with_a_note_the_instructor_reads_it(client: Any, desk: Any) -> None:
    run, head = desk
    assert client.post(f"/console/results/{run.id}/return", data={"note": " "}, headers=head).status_code == 422
    client.post(f"/console/results/{run.id}/return", data={"note": "理论漏填"}, headers=head)
    with factories.made():
        operator = factories.bearer("operator")
    assert "理论漏填" in client.get(f"/teach/runs/{run.id}/results", headers=operator).text
