"""Alive, ready, figures, hooks, and the API's document."""

import dataclasses
import re
import socket
import time

import pytest
import redis
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chengjiu_mp import create_app
from chengjiu_mp.core import hooks, jobs
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.web import pulse
from tests import factories


@pytest.fixture
def with_redis(settings, frozen, redis_url):
    redis.Redis.from_url(redis_url).flushall()
    app = create_app(dataclasses.replace(settings, redis_url=redis_url))
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def hung_port():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_alive(client):
    assert client.get("/healthz").json == {"status": "ok"}


def test_the_pulse_shows_worker_and_beat(with_redis):
    pulse.pulse()
    reply = with_redis.test_client().get("/readyz")
    assert reply.json == {"status": "ok", "database": "ok", "redis": "ok", "worker": "ok", "beat": "ok"}


def test_without_a_pulse_the_service_is_degraded_and_ready(with_redis):
    reply = with_redis.test_client().get("/readyz")
    assert (reply.status_code, dict(reply.json or {})["status"]) == (200, "degraded")
    assert {"redis": "ok", "worker": "down"}.items() <= dict(reply.json or {}).items()


def test_a_hung_redis_does_not_hold_the_answer(settings, hung_port):
    app = create_app(dataclasses.replace(settings, redis_url=f"redis://127.0.0.1:{hung_port}/0"))
    began = time.perf_counter()
    reply = app.test_client().get("/readyz")
    assert (reply.status_code, dict(reply.json or {})["redis"]) == (200, "down")
    assert time.perf_counter() - began < 3


def test_only_a_missing_database_makes_it_unready(app, client):
    with unit_of_work() as session:
        session.execute(text("drop table alembic_version"))
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json["database"]) == (503, "down")


def test_the_figures_name_templates_and_no_person(client, frozen):
    token = "abcdefghijklmnopqrstuvwxyz"
    with factories.made():
        jobs.ask("outbox.deliver", 1, queue=jobs.URGENT, dedupe_key="k")
    frozen.now = frozen.now.replace(minute=1)
    client.get(f"/api/v1/verify/{token}")
    shown = client.get("/metrics").text
    assert 'chengjiu_jobs{state="queued"} 1.0' in shown
    assert "chengjiu_oldest_job_seconds 60.0" in shown
    assert 'route="unmatched"' in shown or 'route="/api/v1/verify/<token>"' in shown
    assert token not in shown


@pytest.mark.parametrize("ahead", [600.0, -600.0, 86_400.0])
def test_a_clock_that_is_off_is_a_figure_and_a_line_in_the_log(with_redis, monkeypatch, caplog, ahead):
    """rel-F10: more than five seconds between two processes raises an alarm."""
    client = with_redis.test_client()
    caplog.set_level("ERROR")
    assert 'process="worker"' not in client.get("/metrics").text
    pulse.pulse()
    exact = client.get("/metrics").text
    assert abs(skews(exact)["web"]) < 1 and abs(skews(exact)["worker"]) < 1
    assert "clock.skewed" not in caplog.messages
    real = time.time
    with monkeypatch.context() as patch:
        patch.setattr("chengjiu_mp.core.db.time.time", lambda: real() + ahead)
        pulse.pulse()
    shown = skews(client.get("/metrics").text)
    assert abs(shown["worker"] - ahead) < 1 and abs(shown["web"]) < 1
    assert caplog.messages.count("clock.skewed") == 1


def test_a_worker_leaves_its_mark_without_a_database(with_redis, monkeypatch, redis_url):
    def gone():
        raise OperationalError("select", {}, OSError("gone"))

    monkeypatch.setattr(pulse, "clock_skew", gone)
    pulse.pulse()
    with redis.Redis.from_url(redis_url) as client:
        assert client.exists(pulse.MARK) and not client.exists(pulse.SKEW)


def skews(shown):
    return {who: float(said) for who, said in re.findall(r'clock_skew_seconds{process="(\w+)"} (\S+)', shown)}


def test_a_job_of_a_faster_clock_has_no_negative_age(client, frozen):
    with factories.made():
        jobs.ask("outbox.deliver", 1, queue=jobs.URGENT, dedupe_key="k")
    frozen.now = frozen.now.replace(hour=frozen.now.hour - 1)
    assert "chengjiu_oldest_job_seconds 0.0" in client.get("/metrics").text


def test_the_figures_come_without_a_database(app, client):
    with unit_of_work() as session:
        session.execute(text("drop table alembic_version"))
    assert "chengjiu_database_up 0.0" in client.get("/metrics").text


@pytest.fixture
def hooked(settings):
    app = create_app(dataclasses.replace(settings, test_hooks=True))
    with app.app_context():
        yield app.test_client()
    hooks.switch_off()


@pytest.mark.parametrize("name", ["messages", "clock", "faults"])
def test_hooks_do_not_exist_without_their_setting(client, name):
    reply = client.post(f"/_test/{name}", json={})
    assert (reply.status_code, reply.json["code"]) == (404, "not_found")


def test_the_messages_hook_shows_text_and_code(hooked):
    with factories.made():
        tell(
            "code.signin",
            dedupe_key="k",
            body="验证码 012345，5 分钟内有效",
            phone="13900001111",
            about=factories.unit(),
        )
    found = hooked.post("/_test/messages", json={"phone": "139 0000 1111"}).json["messages"]
    assert [one["code"] for one in found] == ["012345"]


def test_the_clock_hook_moves_business_time_and_gives_it_back(hooked):
    hooked.post("/_test/clock", json={"now": "2027-01-01T08:00:00+08:00"})
    assert hooks.read()["now"] == "2027-01-01T08:00:00+08:00"
    assert hooked.post("/_test/clock", json={"now": "2027-01-01T08:00:00"}).status_code == 422
    hooked.post("/_test/clock", json={"now": None})
    assert hooks.read()["now"] is None


def test_the_faults_hook_plants_and_takes_out(hooked):
    hooked.post("/_test/faults", json={"render_sleep_ms": 200})
    assert hooks.fault("render_sleep_ms") == 200
    hooked.post("/_test/faults", json={})
    assert hooks.fault("render_sleep_ms") is None


def test_the_document_is_valid_and_lists_every_api_route(app, client):
    document = client.get("/api/v1/openapi.json").json
    OpenAPIV31SpecValidator(document).validate()
    listed = {(path, m.upper()) for path, item in document["paths"].items() for m in item}
    assert ("/api/v1/auth/tokens", "POST") in listed
    assert document["openapi"].startswith("3.1")


def test_the_documents_page_uses_our_own_files_alone(client):
    page = client.get("/api/v1/docs").text
    assert "http://" not in page
    assert "https://" not in page
    for name in ("swagger-ui.css", "swagger-ui-bundle.js"):
        assert client.get(f"/api/v1/docs/{name}").status_code == 200
    assert client.get("/api/v1/docs/..%2fplugins.py").status_code == 404
