"""The call list as staff use it, and the check files that WeChat fetches."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import select

from chengjiu_mp import create_app
from chengjiu_mp.core import clock
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.outbox.models import Delivery
from chengjiu_mp.outbox.service import tell
from tests import factories
from tests.figures_rows import certificate

PATH = "/console/messages/calls/"
PHONE = "13900001111"


@pytest.fixture
def line(app):
    """A cancelled run's person whom nothing reached; returns the id of the line."""
    with factories.made():
        run = factories.run()
        signup = factories.signup(run, phone=PHONE)
        message = tell(
            "signup.run_cancelled", dedupe_key="k", body="b", phone=PHONE, about=signup, unit_id=run.unit_id,
            expires_at=clock.now() + timedelta(days=2),
        )  # fmt: skip
        first = db.session.scalars(select(Delivery)).one()
        first.state = "undeliverable"
        row = Delivery(message_id=message.id, channel="call")
        db.session.add(row)
        db.session.flush()
        return row.id


@pytest.fixture
def staff(app):
    with factories.made():
        return factories.bearer("operator")


def test_the_list_says_what_for_and_masks_the_number(client, line, staff):
    page = client.get(PATH, headers=staff).text
    assert "停课" in page
    assert "139****1111" in page
    assert "CPR+AED 公益培训" in page
    assert PHONE not in page
    assert "张三" not in page


def test_a_call_is_recorded_and_taken_back(client, line, staff):
    made = client.post(f"{PATH}{line}", data={"reached": "1"}, headers=staff)
    page = client.get(made.location, headers=staff).text
    assert "已记下：打过了" in page
    assert "最近打过的" in page
    undo = f"{PATH}attempts/{made.location.partition('made=')[2].partition('&')[0]}/undo"
    assert undo in page
    assert client.post(undo, headers=staff).status_code == 303
    assert "打过了" in client.get(PATH, headers=staff).text


def test_who_did_not_answer_stays_with_who_tried(client, line, staff):
    client.post(f"{PATH}{line}", data={"reached": "0"}, headers=staff)
    page = client.get(PATH, headers=staff).text
    assert "没打通 1 次" in page
    assert "周敏" in page


def test_a_second_colleague_is_told(client, line, staff):
    client.post(f"{PATH}{line}", data={"reached": "1"}, headers=staff)
    again = client.post(f"{PATH}{line}", data={"reached": "1"}, headers=staff)
    assert again.status_code == 409
    assert "同事刚打过" in again.text


def test_full_numbers_need_a_reason_and_leave_a_trace(client, line, staff):
    refused = client.post(f"{PATH}print", data={"reason": ""}, headers=staff)
    assert refused.status_code == 422
    assert PHONE not in refused.text
    page = client.post(f"{PATH}print", data={"reason": "通知停课"}, headers=staff)
    # A box to tick stays with its word, and paper is one tap away.
    assert ("□\u00a0打过" in page.text, "data-print" in page.text) == (True, True)
    assert (page.status_code, PHONE in page.text, "张三" in page.text) == (200, True, True)
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert 'name="robots" content="noindex' in page.text
    rows = db.session.scalars(select(AuditEntry.facts).where(AuditEntry.action == "message.revealed")).all()
    assert rows == [{"reason": "通知停课"}]


def test_an_auditor_reads_the_list_and_nothing_more(client, line):
    with factories.made():
        auditor = factories.bearer("auditor")
    page = client.get(PATH, headers=auditor).text
    assert "139****1111" in page
    assert "没打通" not in page
    assert client.post(f"{PATH}print", data={"reason": "看看"}, headers=auditor).status_code == 403


def test_an_empty_list_says_so(client, staff):
    assert "现在没有要打电话的人" in client.get(PATH, headers=staff).text


@pytest.mark.parametrize("made", ["x", "0", "９", "1" * 30])
def test_a_strange_address_is_harmless(client, staff, made):
    assert client.get(f"{PATH}?made={made}", headers=staff).status_code == 200


@pytest.mark.parametrize("place", ["", "/s", "/i", "/v", "/w", "/b"])
def test_check_files_are_served_from_the_settings(settings, frozen, place):
    known = (
        create_app(dataclasses.replace(settings, check_files={"AbC123": "0f1e"}))
        .test_client()
        .get(f"{place}/AbC123.txt")
    )
    assert (known.status_code, known.text, known.mimetype) == (200, "0f1e", "text/plain")
    assert create_app(settings).test_client().get(f"{place}/AbC123.txt").status_code == 404


@pytest.mark.parametrize(
    ("kind", "words", "name"),
    [("certificate.issued", "CPR+AED证书", "张三"), ("refresher.reminder", "复训提醒", "陈建国")],
)
def test_the_print_names_whom_to_ask_for_whatever_the_message_is_about(client, staff, kind, words, name):
    with factories.made():
        about = certificate() if kind.startswith("certificate") else factories.instructor("陈建国")
        message = tell(kind, dedupe_key="k", body="b", phone=PHONE, about=about)
        db.session.add(Delivery(message_id=message.id, channel="call"))
    listed = client.get(PATH, headers=staff).text
    assert name not in listed
    page = client.post(f"{PATH}print", data={"reason": "通知本人"}, headers=staff).text
    assert words in page
    assert f"<span>{name}</span>" in page
