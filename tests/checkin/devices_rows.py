"""A run that is under way, its instructor, and phones in every state: for the tests of paired devices."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.checkin import devices
from chengjiu_mp.checkin.device_models import DeviceInvitation, PairedDevice
from chengjiu_mp.core import clock, context
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Meeting
from chengjiu_mp.signin import sessions
from chengjiu_mp.signin.service import principal_of_account
from tests import factories


@dataclass
class Phone:
    """A browser with its device session."""

    client: FlaskClient
    session_id: int | None = None

    def csrf(self, page: str = "/signin") -> str:
        """Return the token of this browser's forms; any page with a form gives it."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found
        return found[1]

    def post(self, path: str, **fields: Any) -> Any:
        """Send a form as a page of this browser would."""
        return self.client.post(path, data={"csrf_token": self.csrf("/signin?switch=1"), **fields})

    def send(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON as a script of this browser would."""
        return self.client.post(path, json=body, headers={"X-CSRFToken": self.csrf("/signin?switch=1")})


@dataclass
class Day:
    """A run that begins in ten minutes, on the day of the frozen clock, and who is signed up."""

    app: Flask
    run_id: int
    meeting_id: int
    teacher_id: int
    account_id: int
    signups: dict[str, int]
    tickets: dict[str, str]

    def phone(self, account_id: int | None = None) -> Phone:
        """Return a browser with a device session, on which ``account_id`` is signed in."""
        with unit_of_work():
            token, row = sessions.open_session("device", account_id)
            made = Phone(self.app.test_client(), row.id)
        with made.client.session_transaction() as cookie:
            cookie["t"] = token
        return made

    def teacher(self) -> Phone:
        return self.phone(self.account_id)

    def as_teacher(self) -> context.Principal:
        return principal_of_account(self.account_id)

    def invitation(self) -> str:
        """Return the token of a fresh invitation."""
        with unit_of_work():
            row = devices.invite(self.run_id, self.as_teacher())
            return devices.invitation_url(row).rpartition("/")[2]

    def helper(self, label: str = "李明") -> Phone:
        """Return a helper's phone, paired with the run by its invitation."""
        made = Phone(self.app.test_client())
        reply = made.client.post(
            f"/h/{(token := self.invitation())}", data={"csrf_token": made.csrf(f"/h/{token}"), "label": label}
        )
        assert reply.status_code == 303, reply.text
        made.session_id = db.session.scalars(select(PairedDevice.session_id).order_by(PairedDevice.id.desc())).first()
        return made

    def path(self, tail: str = "") -> str:
        return f"/teach/runs/{self.run_id}{tail}"

    def api(self, tail: str) -> str:
        return f"/api/v1/runs/{self.run_id}{tail}"

    def scan(self, name: str = "欧阳娜娜", **values: Any) -> dict[str, Any]:
        """Return the body of an upload of one scan."""
        one = {
            "nonce": f"n{self.signups[name]}", "ticket": self.tickets[name], "meeting_id": self.meeting_id, "source": "camera",
            "scanned_at": clock.now().isoformat(),
        }  # fmt: skip
        return {"scans": [one | values]}

    def device(self) -> PairedDevice:
        """Return the newest pairing, as it is now."""
        db.session.rollback()
        return db.session.scalars(select(PairedDevice).order_by(PairedDevice.id.desc())).first()  # type: ignore[return-value]

    def open_invitation(self) -> DeviceInvitation:
        db.session.rollback()
        return db.session.scalars(select(DeviceInvitation).order_by(DeviceInvitation.id.desc())).first()  # type: ignore[return-value]


def a_day(app: Flask, **values: Any) -> Day:
    with factories.made():
        teacher = factories.instructor()
        run = factories.run(starts_in=timedelta(minutes=10), instructors=[teacher], **values)
        people = {name: factories.signup(run, name) for name in ("欧阳娜娜", "张三")}
        meeting = db.session.scalars(select(Meeting.id).where(Meeting.run_id == run.id).order_by(Meeting.id)).first()
        return Day(
            app, run.id, meeting or 0, teacher.id, teacher.account_id or 0, {n: one.id for n, one in people.items()},
            {n: factories.ticket(one) for n, one in people.items()},
        )  # fmt: skip
