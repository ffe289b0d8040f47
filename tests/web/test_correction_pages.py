"""The name as it will be printed, the holder's word for it, and putting things right from the ticket and in the office."""

import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signup_queries import phone_of, signup_by_ticket
from tests import factories
from tests.conftest import FrozenClock
from tests.pictures import UNDRAWN
from tests.signups import signed
from tests.web.test_console_runs import desk, post, token_in

RIGHT = "名字写对了"


def ticket_of(name: str = "张伟", starts_in: timedelta = timedelta(days=3), **typed: Any) -> str:
    with factories.made():
        run = factories.run(starts_in=starts_in).id
    return f"/i/{signed(run, name=name, **typed).ticket_token}"


def row() -> Signup:
    db.session.expire_all()
    return db.session.scalars(select(Signup)).one()


def confirm(client: FlaskClient, page: str, ticket: str) -> Any:
    stamp = re.search(r'name="stamp" value="([^"]+)"', page)
    assert stamp
    return client.post(f"{ticket}/name", data={"csrf_token": token_in(page), "stamp": stamp[1]}, follow_redirects=True)


def put_right(client: FlaskClient, ticket: str, what: str, **fields: Any) -> Any:
    page = client.get(f"{ticket}/correct?what={what}").text
    return client.post(f"{ticket}/correct", data={"csrf_token": token_in(page), "what": what, **fields})


def test_a_new_ticket_asks_for_a_look_at_the_name_right_below_the_code(client: FlaskClient) -> None:
    ticket = ticket_of()
    page = client.get(ticket).text
    assert page.index("签到码，给工作人员扫") < page.index(RIGHT) < page.index("您是哪个单位的")
    assert f'src="{ticket}/name.png"' in page
    assert 'alt="证书上的姓名：张伟"' in page
    reply = confirm(client, page, ticket)
    assert "已记下：名字写对了" in reply.text
    assert RIGHT not in reply.text.replace("已记下：名字写对了", "")
    assert row().name_confirmed_at
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.object_type == "signup")).all()
    assert actions == ["signup.made", "signup.name_confirmed"]


def test_confirming_twice_is_once(client: FlaskClient) -> None:
    ticket = ticket_of()
    page = client.get(ticket).text
    assert [confirm(client, page, ticket).status_code for _ in range(2)] == [200, 200]
    assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.name_confirmed")).all()) == 1


def test_a_name_that_changed_meanwhile_is_not_confirmed_unseen(client: FlaskClient) -> None:
    ticket = ticket_of()
    page = client.get(ticket).text
    put_right(client, ticket, "name", name="章伟")
    assert RIGHT in confirm(client, page, ticket).text
    assert row().name_confirmed_at is None


@pytest.mark.parametrize(
    "name", ["张伟", "古丽米热·阿卜杜热合曼", "王䶮", f"王{UNDRAWN}", "A" * 50 + " " + "B" * 49, "阿" * 50]
)
def test_every_name_has_a_picture(client: FlaskClient, name: str) -> None:
    reply = client.get(f"{ticket_of(name=name)}/name.png")
    assert (reply.status_code, reply.mimetype, reply.headers["Cache-Control"]) == (200, "image/png", "no-store")
    with Image.open(io.BytesIO(reply.data)) as picture:
        assert picture.size == (1080, 260)
        ink = picture.convert("L").point(lambda value: 255 * (value < 60)).getbbox()
    assert ink  # darker than the rule, which runs from edge to edge
    assert (ink[0] > 0, ink[1] > 0, ink[2] < 1080, ink[3] <= 260) == (True, True, True, True)


def test_another_name_is_another_picture(client: FlaskClient) -> None:
    assert (
        client.get(f"{ticket_of(name='张伟')}/name.png").data != client.get(f"{ticket_of(name='章伟')}/name.png").data
    )


def test_a_character_that_no_font_has_is_told_and_flagged(client: FlaskClient) -> None:
    ticket = ticket_of(name=f"王{UNDRAWN}")
    assert row().warnings == ["glyph_missing"]
    page = client.get(ticket).text
    assert "名字里的第 2 个字，我们的字库里还没有" in page
    assert "有字待补" not in client.get(ticket_of(name="王䶮", starts_in=timedelta(days=9))).text
    desk(client)
    assert "待补字" in client.get(f"/console/runs/{row_of(ticket).run_id}").text


def row_of(ticket: str) -> Signup:
    return signup_by_ticket(ticket.removeprefix("/i/"))


def test_the_switch_of_a_type_is_told_on_the_ticket(client: FlaskClient) -> None:
    ticket = ticket_of(doc_number="830000199408230025", doc_type="resident_id")
    page = client.get(ticket).text
    assert "这是港澳台居民居住证号码，已为您切换类型。" in page
    assert "830000" not in page


def test_the_page_offers_one_thing_at_a_time_and_shows_no_number(client: FlaskClient) -> None:
    number, phone = factories.resident_id(), factories.phone()
    ticket = ticket_of(doc_number=number, phone=phone)
    text = client.get(f"{ticket}/correct").text
    for what in ("name", "document", "phone"):
        assert f"{ticket}/correct?what={what}" in text
        text += client.get(f"{ticket}/correct?what={what}").text
    assert "到 <span" in text
    assert "11月25日（周三）18:00" in re.sub("<[^>]+>", "", text)
    assert not any(secret in text for secret in (number, number[-4:], number[6:14], phone))


def test_each_thing_is_put_right_by_a_form(client: FlaskClient) -> None:
    ticket, new = ticket_of(), factories.phone()
    first = row().person_id
    said = [
        client.get(put_right(client, ticket, what, **fields).headers["Location"]).text
        for what, fields in (
            ("name", {"name": "章伟"}), ("document", {"doc_number": factories.resident_id()}), ("phone", {"phone": new}),
        )
    ]  # fmt: skip
    assert ("姓名已改好" in said[0], "证件已改好" in said[1], "手机号已改好" in said[2]) == (True, True, True)
    found = row()
    assert (found.name, phone_of(found), found.person_id == first) == ("章伟", new, False)


def test_a_form_of_one_thing_changes_no_other(client: FlaskClient) -> None:
    ticket = ticket_of()
    put_right(client, ticket, "phone", phone=factories.phone(), name="李四")
    assert row().name == "张伟"


@pytest.mark.parametrize(
    ("what", "fields", "said"),
    [
        ("name", {"name": "张1"}, "姓名里不能有数字"),
        ("document", {"doc_number": "3202811985061500"}, "少了两位"),
        ("phone", {"phone": "0510-86801234"}, "这是固定电话"),
        ("document", {"doc_number": "", "doc_type": "passport"}, "请填写证件号码"),
    ],
)
def test_a_mistake_stands_at_its_field_with_what_was_typed(
    client: FlaskClient, what: str, fields: dict[str, str], said: str
) -> None:
    reply = put_right(client, ticket_of(), what, **fields)
    assert reply.status_code == 422
    assert said in reply.text
    assert f'value="{next(iter(fields.values()))}"' in reply.text


def test_what_stays_is_said_with_the_phone_to_call(client: FlaskClient) -> None:
    ticket = ticket_of()
    with unit_of_work():
        row_of(ticket).name_proved_at = row().created_at
    reply = client.get(put_right(client, ticket, "name", name="李四").headers["Location"])
    assert "已转给工作人员核对" in reply.text
    assert "0510-86800000" in reply.text


def test_after_the_list_is_final_the_ticket_says_whom_to_call(client: FlaskClient, frozen: FrozenClock) -> None:
    ticket = ticket_of()
    token = token_in(client.get(f"{ticket}/correct?what=name").text)
    frozen.now = datetime.fromisoformat("2026-11-25T18:00:00+08:00")
    assert RIGHT not in client.get(ticket).text
    for path in (f"{ticket}/correct", f"{ticket}/correct?what=name"):
        assert 'href="tel:0510-86800000"' in client.get(path).text
    reply = client.post(f"{ticket}/correct", data={"csrf_token": token, "what": "name", "name": "李四"})
    assert (reply.status_code, "名单已经定了" in reply.text) == (409, True)


def test_the_office_counts_who_has_not_confirmed(client: FlaskClient) -> None:
    ticket = ticket_of()
    desk(client)
    run = f"/console/runs/{row().run_id}"
    assert "姓名未确认" in client.get(run).text
    confirm(client, client.get(ticket).text, ticket)
    assert "姓名未确认" not in client.get(run).text


def test_the_office_puts_right_what_somebody_calls_about(client: FlaskClient, frozen: FrozenClock) -> None:
    ticket_of()
    frozen.now = datetime.fromisoformat("2026-11-26T08:00:00+08:00")
    desk(client)
    page = f"/console/runs/{row().run_id}/signups/{row().id}/correct"
    assert page in client.get(f"/console/runs/{row().run_id}").text
    assert "请写明为什么改" in post(client, page, page, name="章伟").text
    assert post(client, page, page, name="章伟", reason="来电，报了签到码").status_code == 303
    assert row().name == "章伟"
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "signup.corrected")).one()
    assert entry.facts == {"what": ["name"], "reason": "来电，报了签到码"}


def test_the_office_replaces_nothing_that_was_proved(client: FlaskClient) -> None:
    ticket = ticket_of()
    with unit_of_work():
        row_of(ticket).phone_proved_at = row().created_at
    desk(client)
    page = f"/console/runs/{row().run_id}/signups/{row().id}/correct"
    reply = post(client, page, page, phone=factories.phone(), reason="来电")
    assert "手机号以前当面或用验证码核对过" in reply.text


def test_another_unit_s_office_sees_nothing_of_it(client: FlaskClient) -> None:
    ticket_of()
    desk(client, "unit_manager", "nanzha")
    assert client.get(f"/console/runs/{row().run_id}/signups/{row().id}/correct").status_code == 404


# For programs


def test_a_program_puts_right_what_it_made_or_shows_the_ticket_of(app: Flask, client: FlaskClient) -> None:
    ticket = ticket_of()
    path, token = f"/api/v1/signups/{row().id}/correct", ticket.removeprefix("/i/")
    assert client.post(path, json={"name": "章伟"}).status_code == 404
    assert client.post(path, json={"name": "章伟", "ticket_token": token[::-1]}).status_code == 404
    reply = client.post(path, json={"name": "章伟", "ticket_token": token})
    assert (reply.status_code, reply.json) == (200, {
        "id": row().id, "name": "changed", "document": None, "phone": None, "doc_type": "resident_id",
        "doc_type_corrected": False, "latin_name": None,
    })  # fmt: skip
    assert '"nothing_to_correct"' in client.post(path, json={"ticket_token": token}).text


def test_staff_say_why_and_the_final_list_does_not_stop_them(
    app: Flask, client: FlaskClient, frozen: FrozenClock
) -> None:
    ticket_of()
    frozen.now = datetime.fromisoformat("2026-11-26T08:00:00+08:00")
    path = f"/api/v1/signups/{row().id}/correct"
    with factories.made():
        here, elsewhere = factories.bearer("unit_manager", "chengjiang"), factories.bearer("unit_manager", "nanzha")
    assert client.post(path, json={"name": "章伟", "reason": "来电"}, headers=elsewhere).status_code == 404
    assert '"correction_unexplained"' in client.post(path, json={"name": "章伟"}, headers=here).text
    reply = client.post(path, json={"name": "章伟", "reason": "来电"}, headers=here)
    assert (reply.status_code, row().name) == (200, "章伟")
