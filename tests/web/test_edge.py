"""Refusals as pages and as problems: what happened, what to do, and nothing of our insides."""

from collections.abc import Callable

import pytest

from chengjiu_mp.core.access import PUBLIC, access
from chengjiu_mp.core.errors import Refusal, StaleVersion, TooMany
from tests import factories


class Planted(Exception):
    """Says what must not be shown."""


RAISED: dict[str, Callable[[], Exception]] = {
    "refused": Refusal, "many": lambda: TooMany(retry_after=600), "stale": StaleVersion,
    "broken": lambda: Planted("select secret from /srv/app"),
}  # fmt: skip


@pytest.fixture
def failing(app):
    """Return a client of the application with routes that fail as their name says."""

    def view(name):
        make = RAISED[name]
        raise make()

    app.add_url_rule("/planted/<name>", "planted", access(PUBLIC)(view), methods=["GET", "POST"])
    app.add_url_rule("/api/v1/planted/<name>", "planted_api", access(PUBLIC)(view), methods=["GET", "POST"])
    return app.test_client()


@pytest.mark.parametrize(("name", "status"), [("refused", 409), ("many", 429), ("stale", 409), ("broken", 500)])
def test_a_page_says_what_happened_and_leads_on(failing, name, status):
    reply = failing.get(f"/planted/{name}")
    assert reply.status_code == status
    assert 'href="/"' in reply.text
    assert 'href="tel:' in reply.text


def test_waiting_is_said_in_minutes_and_in_the_header(failing):
    reply = failing.get("/planted/many")
    assert "请过 10 分钟再试" in reply.text
    assert reply.headers["Retry-After"] == "600"


@pytest.mark.parametrize("where", ["/planted/broken", "/api/v1/planted/broken"])
def test_our_insides_stay_ours(failing, where, caplog):
    reply = failing.get(where)
    assert reply.status_code == 500
    for secret in ("Planted", "select", "/srv/app", "Traceback"):
        assert secret not in reply.text
    assert reply.headers["X-Request-Id"] in reply.text
    assert "select" not in caplog.text


def test_a_problem_has_the_agreed_shape(failing):
    problem = failing.get("/api/v1/planted/many").json
    assert problem["status"] == 429
    assert problem["code"] == "too_many"
    assert problem.keys() >= {"type", "title", "detail", "request_id", "errors", "retry_after"}


def test_a_form_leads_back_to_its_page_and_nowhere_else(failing):
    ours = {"Referer": "http://localhost/s/abc?x=1"}
    foreign = {"Referer": "http://evil.test/s/abc"}
    assert _posted(failing, ours).count('href="/s/abc?x=1"') == 1
    assert "evil.test" not in _posted(failing, foreign)


def _posted(client, headers):
    page = client.get("/signin").text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    return client.post("/planted/stale", data={"csrf_token": token}, headers=headers).text


@pytest.mark.parametrize("path", ["/nowhere", "/static/../config.py", "/console/nowhere"])
def test_what_is_not_there_is_a_page(client, path):
    reply = client.get(path)
    assert reply.status_code == 404
    assert "没有找到" in reply.text


def test_an_unknown_method_is_not_found(client):
    assert client.put("/signin").status_code == 404


def test_every_reply_carries_its_headers(client):
    headers = client.get("/signin").headers
    assert headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_body_that_is_too_large_is_refused(client):
    reply = client.post("/api/v1/auth/codes", data=b"x" * (7 << 20), content_type="application/json")
    assert (reply.status_code, reply.json["code"]) == (413, "too_large")


def test_the_privacy_page_shows_the_notices_in_force(client):
    with factories.made():
        factories.reference_data()
    assert "证件号码单独同意" in client.get("/privacy").text


def test_old_browsers_get_the_icon(client):
    assert client.get("/favicon.ico").headers["Location"].endswith("favicon.svg")
