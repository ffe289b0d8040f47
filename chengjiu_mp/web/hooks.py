"""Hooks for outside checks. Registered only under CHENGJIU_TEST_HOOKS=1: elsewhere these addresses do not exist."""

import re
from datetime import datetime

from flask import Blueprint
from pydantic import AwareDatetime, BaseModel

from chengjiu_mp.core import access, hooks, privacy
from chengjiu_mp.core.http import route
from chengjiu_mp.core.parsing import In
from chengjiu_mp.outbox import queries
from chengjiu_mp.people.phones import PhoneRefused, read_phone

blueprint = Blueprint("test_hooks", __name__, url_prefix="/_test")


class HookPhone(In):
    phone: str


class HookMessage(BaseModel):
    """A message as the phone got it; ``code`` is the first six digits in it."""

    id: int
    kind: str
    body: str
    code: str | None
    created_at: datetime


class HookMessages(BaseModel):
    """Newest first."""

    messages: list[HookMessage]


class HookClock(In):
    now: AwareDatetime | None


class HookFaults(In):
    """Faults to plant; an empty body takes all of them out."""

    crash_after_commit: str | None = None
    render_sleep_ms: int | None = None


@route(blueprint, "POST", "/messages", access.PUBLIC, transaction=False, refusals=(PhoneRefused,))
def test_messages(body: HookPhone) -> HookMessages:
    """Return what was sent to a phone."""
    found = queries.messages_to(privacy.phone_index(read_phone(body.phone).number), limit=100)
    return HookMessages(messages=[_opened(one) for one in found])


@route(blueprint, "POST", "/clock", access.PUBLIC, transaction=False)
def test_clock(body: HookClock) -> HookClock:
    """Set the business time of all processes; null gives it back to the real clock."""
    hooks.write(now=body.now.isoformat() if body.now else None)
    return body


@route(blueprint, "POST", "/faults", access.PUBLIC, transaction=False)
def test_faults(body: HookFaults) -> HookFaults:
    """Plant faults in all processes."""
    hooks.write(faults=body.model_dump(exclude_none=True))
    return body


def _opened(text: queries.Text) -> HookMessage:
    code = re.search(r"(?<!\d)\d{6}(?!\d)", text.body)
    return HookMessage(
        id=text.id, kind=text.kind, body=text.body, code=code[0] if code else None, created_at=text.created_at
    )
