"""我的急救卡 by forms alone, and what its kept page and its worker hold."""

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from chengjiu_mp.certificates import states
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core.calendar import add_months
from chengjiu_mp.core.day_words import date_long
from chengjiu_mp.core.db import db, unit_of_work
from tests import factories, issued
from tests.web.test_certificate_pages import look_up


@pytest.fixture
def mine(app: Flask) -> Certificate:
    return issued.issue("张三")[0]


def test_who_did_not_prove_the_phone_is_sent_there_and_comes_back(client: Any, mine: Certificate) -> None:
    assert mine.valid_until is not None
    page = client.get("/card").text
    assert 'href="/lookup"' in page
    assert mine.number not in page
    assert look_up(client, mine).headers["Location"] == "/card"
    page = client.get("/card").text
    for words in (
        "张三",
        mine.number,
        date_long(mine.valid_until),
        date_long(add_months(mine.valid_until, -6)),
        "CPR+AED",
    ):
        assert words in page
    assert len(re.findall(r'aria-label="(查验二维码|离线核验码)"', page)) == 2
    assert "最近的同类课" not in page


def test_the_nearest_class_of_the_kind_is_a_link(client: Any, mine: Certificate) -> None:
    with factories.made():
        factories.run(starts_in=timedelta(days=9), title="后一场")
        factories.run(starts_in=timedelta(days=2), title="近一场")
    look_up(client, mine)
    (near,) = re.findall(r'href="(/s/[a-z2-7]+)">最近的同类课', client.get("/card").text)
    assert "近一场" in client.get(near).text


@pytest.mark.parametrize(("change", "word"), [("revoke", "已吊销"), ("expire", "已过期")])
def test_what_is_not_valid_says_so_and_shows_no_code(client: Any, mine: Certificate, change: str, word: str) -> None:
    look_up(client, mine)
    with unit_of_work():
        one = db.session.get_one(Certificate, mine.id)
        if change == "revoke":
            states.revoke(one, "成绩登记有误")
        else:
            one.issued_on, one.valid_until = one.issued_on - timedelta(days=1200), one.issued_on - timedelta(days=1)
    page = client.get("/card").text
    assert f">{word}<" in page
    assert 'aria-label="查验二维码"' not in page
    assert "没有在有效期内的证书" in page


def test_the_page_that_is_kept_holds_nobody(client: Any, mine: Certificate) -> None:
    look_up(client, mine)
    kept = client.get("/card", headers={"X-Kept": "1"})
    assert [words for words in ("张三", mine.number, issued.token(mine)) if words in kept.text] == []
    assert "Set-Cookie" not in client.get("/card-sw.js").headers
    assert client.get("/card.webmanifest").json["start_url"] == "/card"
