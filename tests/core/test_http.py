"""The edge: problems, idempotency, and routes that must declare."""

import inspect

import pytest
from flask import Blueprint, Flask
from sqlalchemy import func, select

from chengjiu_mp import create_app
from chengjiu_mp.core import access, asking
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import Refusal
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In, Out
from chengjiu_mp.units.models import Sector
from tests import factories


class SectorIn(In):
    code: str


class SectorOut(Out):
    id: int
    code: str


class TooOdd(Refusal):
    code = "too_odd"
    message = "这个代码太怪了，请换一个。"


@pytest.fixture
def edge(settings, frozen):
    app = create_app(settings)
    bp = Blueprint("tried", __name__, url_prefix="/api/v1/tried")

    @route(bp, "POST", "/sectors", access.PUBLIC, status=201, refusals=(TooOdd,))
    def add_sector(body: SectorIn) -> SectorOut:
        row = Sector(code=body.code, name="名", sort=1)
        db.session.add(row)
        db.session.flush()
        if body.code == "odd":
            raise TooOdd(field="code")
        return SectorOut.model_validate(row)

    @route(bp, "GET", "/staff", access.roles("auditor"))
    def for_auditors() -> SectorOut:
        return SectorOut(id=1, code="x")

    @route(bp, "POST", "/perhaps", access.PUBLIC)
    def perhaps(body: SectorIn | None) -> SectorOut:
        return SectorOut(id=1, code=body.code if body else "none")

    @route(bp, "GET", "/broken", access.PUBLIC)
    def broken() -> SectorOut:
        raise KeyError("13800138000 secret")

    app.register_blueprint(bp)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def _post(edge: Flask, body: dict[str, str], key: str | None = None):
    headers = {"Idempotency-Key": key} if key else {}
    return edge.test_client().post("/api/v1/tried/sectors", json=body, headers=headers)


def _count() -> int:
    db.session.remove()
    return db.session.scalar(select(func.count()).select_from(Sector)) or 0


def test_a_refusal_is_a_problem_with_a_code_a_field_and_nothing_changed(edge):
    reply = _post(edge, {"code": "odd"})
    problem = reply.get_json()
    assert (reply.status_code, reply.mimetype) == (409, "application/problem+json")
    assert problem["code"] == "too_odd"
    assert problem["errors"] == [{"pointer": "/code", "code": "too_odd", "detail": "这个代码太怪了，请换一个。"}]
    assert problem["request_id"] == reply.headers["X-Request-Id"]
    assert _count() == 0


def test_the_same_key_and_body_give_one_effect_and_the_same_reply(edge):
    first, again = _post(edge, {"code": "a"}, "k1"), _post(edge, {"code": "a"}, "k1")
    assert first.status_code == again.status_code == 201
    assert first.data == again.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert _count() == 1


def test_the_same_key_with_another_body_is_refused(edge):
    _post(edge, {"code": "a"}, "k1")
    assert _post(edge, {"code": "b"}, "k1").get_json()["code"] == "idempotency_key_reused"
    assert _count() == 1


def test_a_refused_request_keeps_no_key(edge):
    assert _post(edge, {"code": "odd"}, "k1").status_code == 409
    assert _post(edge, {"code": "fine"}, "k1").status_code == 201


@pytest.mark.parametrize(("content", "mimetype", "status"), [
    (b"{", "application/json", 400), (b"{}", "text/plain", 415), (b"{}", "application/json", 422),
    (b"code=a", "application/x-www-form-urlencoded", 415), (b'{"code": "' + b"x" * 3000 + b'"}', "application/json", 422),
])  # fmt: skip
def test_bad_bodies_are_refused_by_kind(edge, content, mimetype, status):
    reply = edge.test_client().post("/api/v1/tried/sectors", data=content, content_type=mimetype)
    assert (reply.status_code, reply.mimetype) == (status, "application/problem+json")


def test_roles_are_enforced_before_anything_is_read(edge):
    client = edge.test_client()
    assert client.get("/api/v1/tried/staff").status_code == 401
    with factories.made():
        operator, auditor = factories.bearer("operator"), factories.bearer("auditor")
    assert client.get("/api/v1/tried/staff", headers=operator).status_code == 403
    assert client.get("/api/v1/tried/staff", headers=auditor).status_code == 200
    assert client.get("/api/v1/tried/staff", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_an_unexpected_fault_tells_the_client_nothing(edge, caplog):
    reply = edge.test_client().get("/api/v1/tried/broken")
    assert (reply.status_code, reply.get_json()["code"]) == (500, "unexpected")
    assert "secret" not in reply.text
    assert "13800138000" not in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/tried/sectors"])
def test_unknown_places_and_methods_look_alike(edge, path):
    assert edge.test_client().get(path).get_json()["code"] == "not_found"


def test_a_route_that_does_not_say_who_may_stops_the_start(settings):
    app = create_app(settings)
    app.add_url_rule("/bare", "bare", lambda: "x")
    with pytest.raises(RuntimeError, match="bare"):
        access.check_every_route_declares(app)


def test_a_body_that_may_be_left_out_is_read_when_it_is_there(edge):
    client = edge.test_client()
    assert client.post("/api/v1/tried/perhaps").get_json()["code"] == "none"
    assert client.post("/api/v1/tried/perhaps", json={"code": "x"}).get_json()["code"] == "x"
    assert client.post("/api/v1/tried/perhaps", data="x", content_type="text/plain").status_code == 415


def test_a_stranger_with_the_same_key_elsewhere_is_not_given_the_reply(edge):
    _post(edge, {"code": "a"}, "k1")
    client = edge.test_client()
    body, headers = {"code": "a"}, {"Idempotency-Key": "k1"}
    reply = client.post("/api/v1/tried/sectors", json=body, headers=headers, environ_base={"REMOTE_ADDR": "127.0.0.9"})
    assert "Idempotent-Replayed" not in reply.headers


def test_no_view_and_no_hook_waits_for_itself(app):
    """Flask is told not to look for coroutines (:class:`http.Plain`); one would be handed on as the reply."""
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    views = [*app.view_functions.values(), *(one for each in hooks for some in each.values() for one in some)]
    assert len(views) > 100
    assert not [one for one in views if inspect.iscoroutinefunction(inspect.unwrap(one))]


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("2001:db8::1", "2001:db8:0:0:ffff::2", "2001:db8:0:1::1"),
        ("::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8"),
        ("fe80::1%eth0", "fe80::2", "fe80:0:0:1::1"),
        ("nowhere", "192.0.2.07", "192.0.2.7"),
        ("192.0.2.7\x00", "\udc80", "192.0.2.7"),
        ("", "192.0.2", "::1"),
    ],
)
def test_a_network_has_one_name_whatever_it_is_written_like(app, address, same, other):
    def name(of: str) -> str:
        with app.test_request_context(environ_base={"REMOTE_ADDR": of}):
            return asking.network()

    assert name(address) == name(same) != name(other)
    assert address == "" or address not in name(address)


def test_a_reply_is_said_to_vary_by_the_cookie_where_one_came_or_a_cache_may_keep_it(client):
    def varies(reply) -> bool:
        return "Cookie" in reply.headers.get("Vary", "")

    plain = client.get("/")
    assert plain.headers["Cache-Control"] == "no-store"
    assert not varies(plain)
    assert "Set-Cookie" not in plain.headers
    with client.session_transaction() as session:
        session["t"] = "unknown"
    assert varies(client.get("/"))
