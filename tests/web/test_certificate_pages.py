"""证书查询, 我的证书, 查验 and the desk's certificates, by forms alone."""

import dataclasses
import re
from typing import Any

import pytest
from flask import Flask

from chengjiu_mp import create_app
from chengjiu_mp.certificates import states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox import queries
from tests import factories, issued


def post(client: Any, url: str, back: str = "", **form: str) -> Any:
    """Post a page's form with the token that it carries."""
    token = re.findall(r'name="csrf_token" value="([^"]+)"', client.get(back or url).text)[0]
    return client.post(url, data={"csrf_token": token, **form})


def code_to(phone: str) -> str:
    found = re.findall(r"\d{6}", queries.messages_to(privacy.phone_index(phone))[0].body)[0]
    db.session.remove()
    return found


@pytest.fixture
def mine(app: Flask) -> Certificate:
    return issued.issue("张三")[0]


def look_up(client: Any, one: Certificate, name: str = "张三") -> Any:
    phone = issued.phone_of(one)
    assert post(client, "/lookup", phone=phone, name=name).headers["Location"] == "/lookup/code"
    return post(client, "/lookup/code", code=code_to(phone))


def test_three_steps_to_the_picture(client: Any, mine: Certificate) -> None:
    assert look_up(client, mine).headers["Location"] == "/certificates"
    assert mine.number in client.get("/certificates").text
    assert "证书还在制作，一般不到一分钟，可以先离开本页。" in client.get(f"/c/{mine.id}").text
    assert client.get(f"/c/{mine.id}/progress").json["state"] == "working"
    issued.draw(mine)
    assert client.get(f"/c/{mine.id}/progress").json["state"] == "done"
    saved = client.get(f"/c/{mine.id}/image?save=1")
    assert saved.headers["Content-Disposition"] == f'attachment; filename="{mine.number}.jpg"'
    assert saved.headers["Cache-Control"] == "private, no-store"


def test_who_has_another_phone_now_is_told_the_way(client: Any, mine: Certificate) -> None:
    post(client, "/lookup", phone="13977770001", name="张三")
    assert "请带身份证件到现场改成新手机号" in client.get("/lookup/code").text


def test_a_mistyped_name_needs_no_second_code(client: Any, mine: Certificate) -> None:
    asked = look_up(client, mine, "张山")
    assert asked.status_code == 422
    assert "不用再收短信" in asked.text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', asked.text)[0]
    again = client.post("/lookup/name", data={"csrf_token": token, "name": "张三"})
    assert again.headers["Location"] == "/certificates"


def test_a_stranger_on_an_old_number_guesses_ten_names(client: Any, mine: Certificate) -> None:
    token = re.findall(r'name="csrf_token" value="([^"]+)"', look_up(client, mine, "李四").text)[0]
    guesses = [client.post("/lookup/name", data={"csrf_token": token, "name": "王五"}).status_code for _ in range(12)]
    assert guesses == [422] * 10 + [429] * 2


def test_an_unknown_phone_sees_the_same_page(client: Any, mine: Certificate) -> None:
    pages = []
    for phone in (issued.phone_of(mine), factories.phone()):
        client.delete_cookie("sid")
        assert post(client, "/lookup", phone=phone, name="张三").headers["Location"] == "/lookup/code"
        page = client.get("/lookup/code").text
        pages.append(re.sub(r'139\*+\d+|value="[^"]+"', "", page))
    assert pages[0] == pages[1]


def test_the_demo_shows_the_message(settings: Any, frozen: Any, app: Flask, mine: Certificate) -> None:
    phone = issued.phone_of(mine)
    client = create_app(dataclasses.replace(settings, demo=True)).test_client()
    post(client, "/lookup", phone=phone, name="张三")
    assert "演示短信" in client.get("/lookup/code").text


def test_pages_of_others_are_not_there(client: Any, mine: Certificate) -> None:
    other = issued.issue("李四")[0].id
    assert client.get(f"/c/{other}").headers["Location"] == "/lookup"
    assert client.get(f"/c/{other}/image").status_code == 404
    look_up(client, mine)
    assert client.get(f"/c/{other}").status_code == 404
    assert client.get(f"/c/{other}/image").status_code == 404


def test_the_pass_ends_by_itself(client: Any, mine: Certificate, frozen: Any) -> None:
    look_up(client, mine)
    frozen.now = frozen.now.replace(hour=13)
    assert client.get("/certificates").headers["Location"] == "/lookup"


def test_five_words_on_five_pages(client: Any, mine: Certificate, frozen: Any) -> None:
    first = issued.token(mine)
    assert "有效" in client.get(f"/v/{first}").text
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, mine.id), "张珊", "录错")
    past = client.get(f"/v/{first}").text
    assert "已更正" in past
    assert f'href="/v/{issued.token(mine)}"' in past
    frozen.now = frozen.now.replace(year=2030)
    assert "已过期" in client.get(f"/v/{issued.token(mine)}").text
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, mine.id), "替考")
    revoked = client.get(f"/v/{first}").text
    assert "已吊销" in revoked
    assert "替考" not in revoked
    unknown = client.get("/v/" + "a" * 26)
    assert (unknown.status_code, "查无此证" in unknown.text) == (404, True)


def test_the_public_page_is_kept_nowhere_and_masks_the_name(client: Any, mine: Certificate) -> None:
    reply = client.get(f"/v/{issued.token(mine)}")
    assert reply.headers["Cache-Control"] == "no-store"
    assert "noindex" in reply.headers["X-Robots-Tag"]
    assert "张*" in reply.text
    assert "张三" not in reply.text


@pytest.mark.parametrize(("name", "words"), [("张三", "姓名一致"), ("张珊", "姓名不一致")])
def test_the_name_is_confirmed_or_not(client: Any, mine: Certificate, name: str, words: str) -> None:
    assert words in post(client, f"/v/{issued.token(mine)}", name=name).text


def test_by_number_and_name(client: Any, mine: Certificate) -> None:
    assert "有效" in post(client, "/verify", number=mine.number, name="张三").text
    assert post(client, "/verify", number=mine.number, name="李四").status_code == 422
    missing = post(client, "/verify", number="JYA202600099", name="张三")
    assert (missing.status_code, "该年度证书尚未全部录入，请致电核实" in missing.text) == (404, True)


@pytest.fixture
def approver(app: Flask) -> dict[str, str]:
    with factories.made():
        return factories.bearer("approver")


def test_the_desk_lists_finds_and_filters(client: Any, mine: Certificate, approver: dict[str, str]) -> None:
    glyphs = issued.issue("张\U0003fffd")[0]
    issued.draw(glyphs)
    page = "/console/certificates/"
    assert mine.number in client.get(page, headers=approver).text
    assert mine.number not in client.get(f"{page}?state=glyphs", headers=approver).text
    assert "U+3FFFD" in client.get(f"{page}{glyphs.id}", headers=approver).text
    assert "没有找到这个编号" in client.get(f"{page}?number=JYA1", headers=approver).text


def test_the_desk_renders_again_and_two_change(client: Any, mine: Certificate, approver: dict[str, str]) -> None:
    issued.draw(mine)
    with factories.made():
        operator = factories.bearer("operator")
    of = f"/console/certificates/{mine.id}"
    assert client.get(f"{of}/image", headers=approver).status_code == 200
    assert client.post(f"{of}/render", headers=approver).status_code == 409
    alone = client.post(f"{of}/revoke", data={"reason": "替考"}, headers=approver)
    assert (alone.status_code, "先由操作员提出" in alone.text) == (409, True)
    client.post(f"{of}/change/revoke", data={"reason": "替考"}, headers=operator)
    assert client.post(f"{of}/revoke", data={"reason": "属实"}, headers=approver).status_code == 303
    assert "替考" in client.get(of, headers=approver).text


def test_an_auditor_reads_and_changes_nothing(client: Any, mine: Certificate) -> None:
    with factories.made():
        head = factories.bearer("auditor")
    of = f"/console/certificates/{mine.id}"
    assert client.get(of, headers=head).status_code == 200
    assert [
        client.post(f"{of}/{verb}", headers=head).status_code for verb in ("revoke", "correct", "render", "change/name")
    ] == [403] * 4
    assert client.get(f"{of}/image", headers=head).status_code == 403
