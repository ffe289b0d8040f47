"""One person's story, from the poster to the plan's row: by the JSON API, on both databases."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from chengjiu_mp.certificates import tasks as certificate_tasks
from chengjiu_mp.core import clock, jobs, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.models import Job
from chengjiu_mp.instructors import tasks as instructor_tasks
from chengjiu_mp.instructors.models import RefresherReminder
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.signin.models import Account
from tests import factories

CONSENTS = [{"purpose": purpose, "version": 1} for purpose in ("signup", "document_number")]
PHONE, DOCUMENT = "13700001234", factories.resident_id(42)


class Walk:
    """Calls of one story; every reply's status is checked where it is made."""

    def __init__(self, client) -> None:
        self.client = client

    def call(self, method: str, path: str, status: int, who: dict[str, str] | None = None, **body: Any) -> Any:
        path = path if path.startswith(("/s/", "/v/")) else f"/api/v1{path}"
        reply = self.client.open(path, method=method, headers=who or {}, json=body or None)
        assert reply.status_code == status, reply.text
        db.session.remove()
        return reply.get_json() if reply.mimetype == "application/json" else reply


def _said_to(phone: str) -> str:
    """Return the newest message that a phone was sent."""
    of = select(Message).where(Message.phone_index == privacy.phone_index(phone)).order_by(Message.id.desc())
    row = db.session.scalars(of).first()
    assert row is not None
    return privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid)


def _code_of(phone: str) -> str:
    found = re.search(r"\d{6}", _said_to(phone))
    assert found is not None
    return found.group()


def _qr_of(picture: bytes) -> str:
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
    assert len(found) == 1
    return found[0].text


def _render() -> None:
    for job_id in db.session.scalars(select(Job.id).where(Job.queue == jobs.RENDER, Job.state == "queued")).all():
        db.session.remove()
        certificate_tasks.render(job_id)


@pytest.fixture
def walk(client):
    return Walk(client)


@pytest.fixture
def cast(app):
    """Staff, a venue, and an instructor with a phone."""
    with factories.made():
        teacher = factories.instructor(refresh_due=clock.today() + timedelta(days=90))
        phone = factories.phone_of(db.session.get_one(Account, teacher.account_id))
        return {
            "operator": factories.bearer("operator"), "approver": factories.bearer("approver"),
            "venue": factories.venue().id, "unit": factories.unit().id, "teacher": teacher.id, "phone": phone,
        }  # fmt: skip


def _published(walk: Walk, cast: dict[str, Any]) -> dict[str, Any]:
    begins = clock.now() + timedelta(minutes=20)
    made = walk.call(
        "POST", "/runs", 201, cast["operator"], kind="cpr_aed", title="CPR+AED 公益培训", unit_id=cast["unit"],
        venue_id=cast["venue"], instructor_ids=[cast["teacher"]], capacity=30, sector="community",
        meetings=[{"starts_at": begins.isoformat(), "ends_at": (begins + timedelta(hours=3)).isoformat()}],
    )  # fmt: skip
    walk.call("POST", f"/runs/{made['id']}/publish", 200, cast["operator"])
    return walk.call("GET", f"/runs/{made['id']}", 200)


def _signed_in(walk: Walk, phone: str) -> dict[str, str]:
    challenge = walk.call("POST", "/auth/codes", 202, phone=phone)["challenge_id"]
    grant = {"grant": "phone_code", "challenge_id": challenge, "code": _code_of(phone)}
    return {"Authorization": f"Bearer {walk.call('POST', '/auth/tokens', 201, **grant)['access_token']}"}


def _enrolled(walk: Walk, run: dict[str, Any]) -> dict[str, Any]:
    return walk.call(
        "POST", f"/runs/{run['id']}/signups", 201, name="古丽米热・阿卜杜热合曼", doc_number=DOCUMENT, phone=PHONE,
        consents=CONSENTS, health_notice_read=True,
    )  # fmt: skip


def _scanned(walk: Walk, run: dict[str, Any], ticket: str, who: dict[str, str], nonce: str) -> dict[str, Any]:
    scan = {
        "nonce": nonce, "ticket": ticket, "meeting_id": run["meetings"][0]["id"],
        "scanned_at": clock.now().isoformat(), "source": "camera",
    }  # fmt: skip
    return walk.call("POST", f"/runs/{run['id']}/scans", 200, who, scans=[scan])["items"][0]


def _confirmed(walk: Walk, run: dict[str, Any], signup_id: int, cast: dict[str, Any], who: dict[str, str]) -> Any:
    points = {"theory": 92, "cpr": 88, "aed": 90}
    rows = [{"signup_id": signup_id, "version": 0, "items": points}]
    walk.call("PUT", f"/runs/{run['id']}/results", 200, who, rows=rows)
    walk.call("POST", f"/runs/{run['id']}/results/submit", 200, who, left_out=[])
    return walk.call("POST", f"/runs/{run['id']}/results/confirm", 200, cast["approver"])["certificates"]


def test_from_the_poster_to_the_plans_row(walk, cast, frozen):
    run = _published(walk, cast)
    poster = walk.call("GET", f"/runs/{run['id']}/poster.png", 200)
    assert _qr_of(poster.data) == run["url"]
    assert "CPR+AED" in walk.call("GET", run["url"].removeprefix("http://127.0.0.1:8000"), 200).text

    made = _enrolled(walk, run)
    assert made["state"] == "confirmed"
    assert walk.call("GET", f"/runs/{run['id']}", 200)["seats_left"] == 29

    who = _signed_in(walk, cast["phone"])
    first = _scanned(walk, run, made["ticket_url"], who, "n-1")
    again = _scanned(walk, run, made["ticket_url"], who, "n-2")
    assert (first["verdict"], again["verdict"], again["by"]) == ("accepted", "already", "陈建国")

    frozen.now += timedelta(hours=4)
    issued = _confirmed(walk, run, made["id"], cast, who)
    assert len(issued) == 1
    _render()

    challenge = walk.call("POST", "/certificates/lookup", 202, phone=PHONE)["challenge_id"]
    found = walk.call(
        "POST", "/certificates/lookup/answer", 200,
        challenge_id=challenge, code=_code_of(PHONE), name="古丽米热·阿卜杜热合曼",
    )["certificates"]  # fmt: skip
    assert [one["number"] for one in found] == [issued[0]["number"]]
    picture = walk.client.get(found[0]["image_url"].removeprefix("http://127.0.0.1:8000"))
    assert picture.mimetype == "image/jpeg"
    token = _qr_of(picture.data).rpartition("/")[2]
    seen = walk.call("GET", f"/verify/{token}", 200)
    assert (seen["state"], seen["number"], seen["name_masked"][:1]) == ("valid", issued[0]["number"], "古")

    board = walk.call("GET", f"/progress?year={clock.today().year}", 200)
    moved = [row for row in board["rows"] if row["certified"]["done"]]
    assert [(row["unit_id"], row["certified"]["done"], row["junior"]["done"]) for row in moved] == [
        (cast["unit"], 1, 0)
    ]


def test_a_refresher_ninety_days_away_is_told_once(walk, cast):
    for _ in range(2):
        instructor_tasks.plan_reminders()
        for job_id in db.session.scalars(select(Job.id).where(Job.kind == "instructors.remind")).all():
            db.session.remove()
            instructor_tasks.remind(job_id)
    assert "复训" in _said_to(cast["phone"])
    assert len(db.session.scalars(select(RefresherReminder.id)).all()) == 1


def test_a_freed_seat_goes_to_the_first_in_line(walk, cast):
    run = _published(walk, cast)
    walk.call("POST", f"/runs/{run['id']}/capacity", 200, cast["operator"], capacity=1)
    first = _enrolled(walk, run)
    waiting = [
        walk.call(
            "POST", f"/runs/{run['id']}/signups", 201, name=name, phone=factories.phone(), doc_number=number,
            consents=CONSENTS, health_notice_read=True,
        )
        for name, number in (("王二", factories.resident_id(77)), ("李三", factories.resident_id(78)))
    ]  # fmt: skip
    assert [(one["state"], one["position"]) for one in waiting] == [("waitlisted", 1), ("waitlisted", 2)]
    walk.call("POST", f"/signups/{first['id']}/withdraw", 200, ticket_token=first["ticket_token"])
    states = [walk.call("GET", f"/signups/{one['id']}", 200, cast["operator"])["state"] for one in waiting]
    assert states == ["confirmed", "waitlisted"]
