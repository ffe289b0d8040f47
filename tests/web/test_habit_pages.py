"""The habits on a ticket and in 我的: confirm once more, excuse, reasons, the calendar, groups with their next step."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.question_pool import POOL
from chengjiu_mp.courses.models import CourseRun, Signup
from tests import factories
from tests.conftest import FrozenClock
from tests.counting import statements
from tests.web.test_citizen_pages import csrf, run_page, send, signed, typed
from tests.web.test_signin_pages import sign_in

DEADLINE = datetime.fromisoformat("2026-11-25T18:00:00+08:00")


def ticket(**values: Any) -> str:
    run_values = {k: values.pop(k) for k in ("starts_in", "kind") if k in values}
    with factories.made():
        return f"/i/{factories.ticket(factories.signup(factories.run(**run_values), **values))}"


def press(client: FlaskClient, page: str, action: str, **fields: Any) -> Any:
    return client.post(action, data={"csrf_token": csrf(client.get(page).text), **fields})


def the_signup() -> Signup:
    db.session.rollback()
    return db.session.scalars(select(Signup).order_by(Signup.id.desc())).first()  # type: ignore[return-value]


def test_the_ticket_asks_once_and_remembers(client: FlaskClient) -> None:
    page = ticket(confirm_by=DEADLINE)
    asked = client.get(page).text
    assert "请在11月25日（周三）18:00前点一下" in re.sub(r"<[^>]+>", "", asked)
    assert re.findall(r'class="btn main[^>]*>([^<]+)', asked) == ["我会来"]
    assert press(client, page, f"{page}/confirm").headers["Location"].startswith(page)
    after = client.get(page).text
    assert "已记下您会来" in after
    assert "请点一下“我会来”" not in after


def test_a_released_seat_says_why(client: FlaskClient) -> None:
    page = ticket(state="lapsed", confirm_by=DEADLINE)
    assert "没有等到您点“我会来”" in client.get(page).text
    other = ticket(confirm_by=DEADLINE)
    token = csrf(client.get(other).text)
    with unit_of_work():
        db.session.get_one(Signup, the_signup().id).state = "lapsed"
    late = client.post(f"{other}/confirm", data={"csrf_token": token})
    assert late.status_code == 409
    assert "可以重新报名" in late.text


def test_who_let_an_offer_lapse_reads_that_and_who_waited_in_vain_reads_that(client: FlaskClient) -> None:
    lapsed = client.get(ticket(state="lapsed", offer_ends_at=DEADLINE)).text
    assert "到11月25日（周三）18:00没有等到您确认" in re.sub(r"<[^>]+>", "", lapsed)
    assert "名额已让出" in lapsed and "没有空出名额" not in lapsed
    in_vain = client.get(ticket(state="lapsed")).text
    assert "没有空出名额" in in_vain and "确认" not in in_vain.split("没有空出名额")[1][:40]


def test_withdrawing_keeps_the_reason_for_staff(client: FlaskClient) -> None:
    page = ticket()
    asked = client.get(f"{page}/withdraw").text
    for words in ("临时有事", "身体不适", "记错时间", "其他"):
        assert words in asked
    press(client, f"{page}/withdraw", f"{page}/withdraw", reason="记错时间", note="下周再来")
    assert (the_signup().state, the_signup().note) == ("withdrawn", "记错时间：下周再来")


def test_no_reason_is_needed_and_none_is_made_up(client: FlaskClient) -> None:
    page = ticket()
    press(client, f"{page}/withdraw", f"{page}/withdraw", reason="瞎写的")
    assert (the_signup().state, the_signup().note) == ("withdrawn", "")


def test_the_reminders_link_leads_to_what_can_be_done_now(client: FlaskClient, frozen: FrozenClock) -> None:
    page = ticket()
    assert client.get(f"{page}/excuse").headers["Location"] == f"{page}/withdraw"
    frozen.now += timedelta(days=3, hours=1)
    assert "没能来？说一声" in client.get(page).text
    assert "请过假的不算缺席" in client.get(f"{page}/excuse").text
    press(client, f"{page}/excuse", f"{page}/excuse", reason="身体不适")
    assert the_signup().excused_at == frozen.now
    away = client.get(page).text
    assert away.count("已记下您请了假") == 1
    assert "到场出示这个码签到。存成图片" not in away
    assert "请假自动作废" in away
    assert away.index("又能来了，照样出示下面的码") < away.index("扫不了时，报上面六位签到码")
    assert "已报上" not in away
    assert "class.ics" not in away
    assert re.findall(r'class="btn main[^>]*>([^<]+)', away) == ["看其他场次"]
    assert client.get(f"{page}/state").get_json()["word"] == "已请假"
    assert client.get(f"{page}/excuse").headers["Location"] == page


def test_after_the_end_an_excused_ticket_shows_no_code(client: FlaskClient, frozen: FrozenClock) -> None:
    page = ticket(starts_in=timedelta(hours=-1), excused_at=frozen.now)
    code = the_signup().code
    assert f"{code[:3]} {code[3:]}" in client.get(page).text
    frozen.now += timedelta(days=1)
    after = client.get(page).text
    assert f"{code[:3]} {code[3:]}" not in after
    assert "这一场已经结束。您请过假，不算缺席" in after


@pytest.mark.parametrize("excused", [False, True])
def test_a_ticket_of_somebody_absent_says_so_and_shows_no_code(
    client: FlaskClient, frozen: FrozenClock, *, excused: bool
) -> None:
    page = ticket(starts_in=timedelta(days=-1), outcome="absent", excused_at=frozen.now if excused else None)
    code, text = the_signup().code, client.get(page).text
    assert f"{code[:3]} {code[3:]}" not in text and "<h2>" in text
    assert ("已请假" if excused else "没有您的签到记录") in text
    assert ("没能来？说一声" in text) != excused


def test_who_comes_after_all_is_there(client: FlaskClient, frozen: FrozenClock) -> None:
    page = ticket(starts_in=timedelta(hours=-1), excused_at=frozen.now, outcome="attended")
    assert "请假" not in client.get(page).text


def test_the_list_says_who_is_excused(client: FlaskClient, frozen: FrozenClock) -> None:
    signed(client, run_page(starts_in=timedelta(hours=1)))
    frozen.now += timedelta(hours=1, minutes=5)
    assert "已请假" not in client.get("/me").text
    with unit_of_work():
        the_one = db.session.scalars(select(Signup)).one()
        the_one.excused_at = frozen.now
    mine = client.get("/me").text
    assert "已请假" in mine
    assert "又能来了，到场出示入场码就行" in mine


def test_an_excuse_that_comes_too_late_says_whom_to_tell(client: FlaskClient, frozen: FrozenClock) -> None:
    page = ticket(starts_in=timedelta(days=-1), outcome="absent")
    token = csrf(client.get(f"{page}/excuse").text)
    frozen.now += timedelta(days=3)
    late = client.post(f"{page}/excuse", data={"csrf_token": token})
    assert late.status_code == 409
    assert "请打电话说明" in late.text


def test_the_ticket_offers_the_calendar_until_the_end(client: FlaskClient, frozen: FrozenClock) -> None:
    page = ticket()
    assert f'href="{page}/class.ics"' in client.get(page).text
    frozen.now += timedelta(days=4)
    assert "class.ics" not in client.get(page).text


def test_staff_read_the_reasons(client: FlaskClient) -> None:
    page = ticket(name="王五")
    press(client, f"{page}/withdraw", f"{page}/withdraw", reason="临时有事", note="<b>出差</b>")
    with factories.made():
        phone = factories.phone_of(factories.account("operator"))
    sign_in(client, phone=phone)
    text = client.get(f"/console/runs/{the_signup().run_id}").text
    assert "退出和请假（1）" in text
    assert "原因：临时有事：&lt;b&gt;出差&lt;/b&gt;" in text


# 我的


def test_mine_has_three_groups_with_their_next_step(client: FlaskClient) -> None:
    signed(client, run_page(title="明天的班", starts_in=timedelta(days=1)))
    signed(client, run_page(title="满员的班", starts_in=timedelta(days=5), capacity=0))
    signed(client, run_page(title="取消的班", starts_in=timedelta(days=7)))
    page = client.get("/me").text
    with unit_of_work():
        last = db.session.get_one(CourseRun, the_signup().run_id)
        last.state, db.session.get_one(Signup, the_signup().id).state = "cancelled", "run_cancelled"
    page = client.get("/me").text
    order = [page.index(words) for words in ("即将参加", "明天的班", "候补", "满员的班", "以前的", "取消的班")]
    assert order == sorted(order)
    for words in ("明天 12:00 到场，出示入场码", "排在第 1 位，有空位按顺序通知您", "可以点开换一场"):
        assert words in page


def test_mine_costs_the_same_for_many(client: FlaskClient) -> None:
    signed(client, run_page(capacity=0))
    with statements() as few:
        client.get("/me")
    device = the_signup().device_id
    with factories.made():
        for day in range(4, 12):
            run = factories.run(starts_in=timedelta(days=day))
            factories.signup(run, device_id=device, state="waitlisted", position=1)
    with statements() as many:
        assert "排在第 1 位" in client.get("/me").text
    assert len(few) == len(many)


def test_rescanning_the_poster_opens_my_ticket(client: FlaskClient) -> None:
    page = run_page()
    mine = signed(client, page)
    again = client.get(page)
    assert (again.status_code, again.headers["Location"]) == (303, mine)


# The word question on the form


def crowded(client: FlaskClient) -> str:
    """Return a run's page on a phone that holds three places ahead."""
    for day in (5, 6, 7):
        signed(client, run_page(starts_in=timedelta(days=day)))
    return run_page()


def word_on(page: str) -> dict[str, str]:
    found = next(one for one in POOL if f">{one.text}<" in page or one.text in page)
    start = page.index('name="question_challenge" value="') + len('name="question_challenge" value="')
    challenge = page[start : page.index('"', start)]
    return {"question_challenge": challenge, "question_answer": found.answers[0]}


def test_the_fourth_place_shows_the_question_from_the_start(client: FlaskClient) -> None:
    page = crowded(client)
    form = client.get(f"{page}/signup").text
    assert 'for="f-question_answer"' in form
    assert "<img" not in form
    reply = client.post(f"{page}/signup", data={"csrf_token": csrf(form), **typed(), **word_on(form)})
    assert reply.status_code == 303, reply.text


def test_without_a_word_the_form_comes_back_with_everything_kept(client: FlaskClient) -> None:
    page = crowded(client)
    reply = send(client, page, **typed(name="欧阳娜娜"))
    assert reply.status_code == 429
    assert 'href="#f-question_answer"' in reply.text
    assert 'value="欧阳娜娜"' in reply.text
    again = client.post(f"{page}/signup", data={"csrf_token": csrf(reply.text), **typed(), **word_on(reply.text)})
    assert again.status_code == 303


def test_an_answer_is_kept_when_something_else_is_wrong(client: FlaskClient) -> None:
    page = crowded(client)
    form = client.get(f"{page}/signup").text
    word = word_on(form)
    reply = client.post(f"{page}/signup", data={"csrf_token": csrf(form), **typed(doc_number="1"), **word})
    assert reply.status_code == 422
    assert f'value="{word["question_answer"]}"' in reply.text
    assert word["question_challenge"] in reply.text


def test_nobody_else_sees_a_question(app: Flask, client: FlaskClient) -> None:
    page = crowded(client)
    assert "question_answer" not in app.test_client().get(f"{page}/signup").text


@pytest.mark.parametrize("said", ["", "abc", "00"])
def test_a_made_up_challenge_asks_again(client: FlaskClient, said: str) -> None:
    page = crowded(client)
    reply = send(client, page, **typed(), question_challenge=said, question_answer="7")
    assert reply.status_code == 429
