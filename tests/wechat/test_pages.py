"""The JS-SDK's ticket and signature: one ticket for all processes, our own pages alone."""

import dataclasses
import hashlib
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.config import Settings
from chengjiu_mp.core.db import db
from chengjiu_mp.core.outside import Unreachable
from chengjiu_mp.wechat import pages
from chengjiu_mp.wechat.client import Client
from chengjiu_mp.wechat.errors import ApiRefused
from chengjiu_mp.wechat.models import WechatToken
from chengjiu_mp.wechat.twin import PAGES_APPID
from tests.conftest import FrozenClock
from tests.twins import Served

TICKET, TOKEN = "/cgi-bin/ticket/getticket", "/cgi-bin/stable_token"
PATH = "/api/v1/wechat/js-config"
OURS = "http://127.0.0.1:8000"


@pytest.fixture
def settings(settings: Settings, twins: Served) -> Settings:
    return twins.connect(settings)


def a_process(app: Flask) -> Client:
    """Return the client of a process of its own."""
    account = app.config["SETTINGS"].wechat.of_pages()
    return Client(account)


def test_one_ticket_is_asked_for_and_kept_sealed(app: Flask, twins: Served) -> None:
    one, other = a_process(app), a_process(app)
    assert one.page_ticket() == one.page_ticket() == other.page_ticket() == twins.wechat.tickets[0]
    assert (twins.wechat.calls[TICKET], twins.wechat.calls[TOKEN]) == (1, 1)
    asked = next(given for path, given in twins.wechat.asked if path == TICKET)
    assert asked["type"] == "jsapi"
    rows = {row.appid: row.token_sealed for row in db.session.scalars(select(WechatToken))}
    assert set(rows) == {PAGES_APPID, f"{PAGES_APPID}#pages"}
    assert all(row and twins.wechat.tickets[0].encode() not in row for row in rows.values())


def test_a_ticket_is_renewed_five_minutes_before_it_ends(app: Flask, twins: Served, frozen: FrozenClock) -> None:
    one = a_process(app)
    first = one.page_ticket()
    frozen.now += timedelta(seconds=7200 - 301)
    assert one.page_ticket() == first
    frozen.now += timedelta(seconds=1)
    assert one.page_ticket() != first and twins.wechat.calls[TICKET] == 2


def test_of_processes_that_start_at_once_one_asks(app: Flask, twins: Served) -> None:
    found: list[Any] = []
    start = threading.Barrier(4)

    def ask() -> None:
        with app.app_context():
            start.wait()
            try:
                found.append(a_process(app).page_ticket())
            except Unreachable as away:
                found.append(away.reason)
            db.session.remove()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert twins.wechat.calls[TICKET] <= 1
    assert set(found) <= {*twins.wechat.tickets, "token_on_its_way"}


def test_a_refused_token_is_renewed_once_and_no_more(app: Flask, twins: Served) -> None:
    twins.wechat.plant(TICKET, 40001, times=2)
    with pytest.raises(ApiRefused, match="40001"):
        a_process(app).page_ticket()
    assert twins.wechat.calls[TICKET] == 2
    assert a_process(app).page_ticket() == twins.wechat.tickets[-1]


@pytest.mark.parametrize("reply", [{}, {"ticket": ""}, {"ticket": "x"}, {"ticket": 5, "expires_in": 7200}])
def test_an_answer_without_a_ticket_is_none(app: Flask, twins: Served, reply: dict[str, Any]) -> None:
    twins.wechat.planted[TICKET] = [reply]
    with pytest.raises(Unreachable, match="no_ticket"):
        a_process(app).page_ticket()
    assert a_process(app).page_ticket()


@pytest.mark.parametrize("path", ["", "/", "/s/abc?x=1", "?x=1", "/i/abc#top", "/a%20b"])
def test_our_own_page_is_signed_without_its_fragment(client: FlaskClient, twins: Served, path: str) -> None:
    answer = client.get(PATH, query_string={"url": OURS + path})
    assert answer.status_code == 200
    given: dict[str, Any] = answer.get_json()
    # Sorted by key, each as key=value, as the platform's page shows it.
    facts = {
        "jsapi_ticket": twins.wechat.tickets[0], "noncestr": given["nonce"], "timestamp": given["timestamp"],
        "url": (OURS + path).partition("#")[0],
    }  # fmt: skip
    text = "&".join(f"{key}={facts[key]}" for key in sorted(facts))
    assert given["signature"] == hashlib.sha1(text.encode()).hexdigest()
    assert (given["appid"], given["timestamp"]) == (PAGES_APPID, 1795406400)
    assert twins.wechat.tickets[0] not in answer.get_data(as_text=True)


def test_each_signature_has_a_nonce_of_its_own(client: FlaskClient) -> None:
    one, other = (client.get(PATH, query_string={"url": OURS + "/"}).get_json()["nonce"] for _ in range(2))
    assert one != other


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8000/", "http://127.0.0.1/", "http://127.0.0.1:8000.evil.cn/", "http://evil.cn/",
        "http://127.0.0.1:8000@evil.cn/", "http://a@127.0.0.1:8000/", "//127.0.0.1:8000/", "/s/abc", "javascript:x",
        "http://127.0.0.1:8000\\@evil.cn/", "http://127.0.0.1:8000/\n", "http://127.0.0.1:8000/字", "http://[",
        "http://evil.cn/#http://127.0.0.1:8000/", "HTTP://EVIL.cn/http://127.0.0.1:8000/",
    ],
)  # fmt: skip
def test_nobody_elses_page_is_signed(client: FlaskClient, twins: Served, url: str) -> None:
    # Trimmed text is ours again; a page with a newline within is not.
    url = url.replace("\n", "\nx")
    answer = client.get(PATH, query_string={"url": url})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "not_our_page")
    assert twins.wechat.calls[TICKET] == 0


def test_when_the_platform_gives_none_the_page_is_told(client: FlaskClient, twins: Served) -> None:
    twins.wechat.plant(TICKET, 48001)
    answer = client.get(PATH, query_string={"url": OURS + "/"})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "wechat_busy")


def test_without_an_account_for_pages_there_is_no_signature(client: FlaskClient) -> None:
    pages.use_pages(None)
    answer = client.get(PATH, query_string={"url": OURS + "/"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "js_sdk_not_configured")


def test_the_account_of_pages_is_another_than_the_mini_programs(settings: Settings) -> None:
    assert settings.wechat is not None
    account = settings.wechat.of_pages()
    assert account and account.appid != settings.wechat.appid and account.url == settings.wechat.url
    assert dataclasses.replace(settings.wechat, pages_appid="").of_pages() is None
    assert settings.wechat.pages_secret not in repr(settings.wechat)
