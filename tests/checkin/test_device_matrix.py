"""Who may call what, once more, for phones: every address of a run's check-in against phones in every state (rel-Z1).

A cell is the status; a page's 303 is the way to sign in. What is not in the table, a phone never gets: the last test
tries every address of the application.
"""

import re

import pytest
from sqlalchemy import update

from chengjiu_mp.checkin import devices
from chengjiu_mp.checkin.device_models import PairedDevice
from chengjiu_mp.core import clock
from chengjiu_mp.core.access import access_of
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.signin.models import SignInSession
from tests.checkin.devices_rows import Day, Phone, a_day

WHO = ("stranger", "helper", "own", "elsewhere", "revoked", "expired")
JSON, FORM = "json", "form"
# method, address, how, then the statuses of WHO.
TABLE = [
    ("GET", "/teach/runs/{run}/scan", "", 303, 200, 200, 404, 401, 401),
    ("POST", "/teach/runs/{run}/scan", FORM, 303, 303, 303, 404, 401, 401),
    ("GET", "/teach/runs/{run}", "", 303, 200, 200, 404, 401, 401),
    ("POST", "/teach/runs/{run}", FORM, 303, 200, 200, 404, 401, 401),
    ("POST", "/teach/runs/{run}/ticks", FORM, 303, 303, 303, 404, 401, 401),
    ("POST", "/api/v1/runs/{run}/scans", JSON, 401, 200, 200, 404, 401, 401),
    ("GET", "/api/v1/runs/{run}/checkins", "", 401, 200, 200, 404, 401, 401),
    ("GET", "/api/v1/runs/{run}/scan-roster", "", 401, 200, 200, 404, 401, 401),
    ("POST", "/api/v1/runs/{run}/walk-ins", JSON, 401, 401, 401, 401, 401, 401),
    ("POST", "/api/v1/scans/1/annul", JSON, 401, 401, 401, 401, 401, 401),
    ("GET", "/api/v1/runs/{run}/devices", "", 401, 401, 401, 401, 401, 401),
    ("POST", "/api/v1/runs/{run}/devices", JSON, 401, 401, 401, 401, 401, 401),
    ("POST", "/api/v1/runs/{run}/device-invitations", JSON, 401, 401, 401, 401, 401, 401),
    ("POST", "/api/v1/devices/1/revoke", JSON, 401, 401, 401, 401, 401, 401),
    ("POST", "/teach/runs/{run}/annul", FORM, 303, 303, 303, 303, 303, 303),
    ("POST", "/teach/runs/{run}/sheet", FORM, 303, 303, 303, 303, 303, 303),
    ("GET", "/teach/runs/{run}/paper", "", 303, 303, 303, 303, 303, 303),
    ("POST", "/teach/runs/{run}/paper", FORM, 303, 303, 303, 303, 303, 303),
    ("GET", "/teach/runs/{run}/results", "", 303, 303, 303, 303, 303, 303),
    ("GET", "/teach/runs/{run}/devices", "", 303, 303, 303, 303, 303, 303),
    ("POST", "/teach/runs/{run}/devices", FORM, 303, 303, 303, 303, 303, 303),
    ("POST", "/teach/runs/{run}/devices/invite", FORM, 303, 303, 303, 303, 303, 303),
    ("POST", "/teach/runs/{run}/devices/revoke", FORM, 303, 303, 303, 303, 303, 303),
    ("POST", "/teach/runs/{run}/devices/revoke-all", FORM, 303, 303, 303, 303, 303, 303),
    ("GET", "/teach/", "", 303, 303, 303, 303, 303, 303),
    ("GET", "/console/", "", 303, 303, 303, 303, 303, 303),
    ("GET", "/console/runs/{run}", "", 303, 303, 303, 303, 303, 303),
    ("GET", "/console/runs/{run}/checkins", "", 303, 303, 303, 303, 303, 303),
    ("GET", "/console/runs/{run}/door", "", 303, 303, 303, 303, 303, 303),
    ("GET", "/console/runs/{run}/devices", "", 303, 303, 303, 303, 303, 303),
]  # fmt: skip
HELPED = {"teach.roster", "teach.tick", "scan.page", "scan.typed", "checkin_api.upload_scans", "checkin_api.list_checkins",
          "checkin_api.scan_roster"}  # fmt: skip


@pytest.fixture
def phones(app) -> tuple[Day, dict[str, Phone]]:
    day, other = a_day(app), a_day(app)
    made = {"stranger": day.phone(), "elsewhere": other.helper(), "helper": day.helper(), "own": day.teacher()}
    made["own"].post(day.path("/devices"))
    with unit_of_work():
        db.session.get_one(SignInSession, made["own"].session_id).account_until = clock.now()
    made["expired"] = day.helper("昨天")
    with unit_of_work():
        db.session.execute(update(PairedDevice).where(PairedDevice.label == "昨天").values(until=clock.now()))
    made["revoked"] = day.helper("收回")
    with unit_of_work():
        devices.revoke(day.device().id, day.as_teacher())
    return day, made


def _call(day: Day, phone: Phone, method: str, address: str, how: str) -> int:
    path = address.format(run=day.run_id)
    if method == "GET":
        return phone.client.get(path).status_code
    if how == JSON:
        return phone.send(path, day.scan() if path.endswith("/scans") else {}).status_code
    fields = {"meeting_id": day.meeting_id, "nonce": "abcdefgh", "code": "ZZZZZZ", "signup_id": day.signups["张三"]}
    wanted = {"scan": ("meeting_id", "nonce", "code"), "ticks": ("meeting_id", "nonce", "signup_id")}
    return phone.post(path, **{name: fields[name] for name in wanted.get(path.rpartition("/")[2], ())}).status_code


def test_every_address_answers_every_phone_as_reviewed(phones):
    day, made = phones
    measured = [
        (method, address, how, *(_call(day, made[who], method, address, how) for who in WHO))
        for method, address, how, *_ in TABLE
    ]
    assert [row for row in measured if row not in TABLE] == []


def test_a_refused_phone_changed_nothing_and_a_way_in_is_no_way_to_sign_in(phones):
    day, made = phones
    for path in ("/ticks", "/scan"):
        fields = {"meeting_id": day.meeting_id, "nonce": "abcdefgh"}
        fields |= {"signup_id": day.signups["张三"]} if path == "/ticks" else {"code": "ZZZZZZ"}
        assert made["stranger"].post(day.path(path), **fields).location.startswith("/signin")
        assert made["helper"].post(day.path(path), **fields).location.startswith(day.path())


def test_only_these_addresses_know_of_phones(app):
    known = {
        rule.endpoint for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and (who := access_of(app.view_functions[rule.endpoint])) and who.devices
    }  # fmt: skip
    assert known == HELPED


def test_a_helper_gets_nowhere_else_in_the_whole_application(phones):
    day, made = phones
    let_in = set()
    for rule in day.app.url_map.iter_rules():
        who = access_of(day.app.view_functions[rule.endpoint]) if rule.endpoint != "static" else None
        if who is None or who.public or rule.endpoint in HELPED or "GET" not in (rule.methods or ()):
            continue
        path = re.sub(r"<(?:\w+:)?\w+>", lambda m: str(day.run_id) if "row:" in m[0] else "a" * 26, rule.rule)
        reply = made["helper"].client.get(path)
        if reply.status_code not in (303, 401, 404):
            let_in.add((rule.endpoint, reply.status_code))
    assert let_in == set()
