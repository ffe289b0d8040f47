"""Families for tests: who is how old, who is whose guardian, and the code that reached a phone."""

import re
from typing import Any

from sqlalchemy import select

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.guardians import GuardianEntry
from chengjiu_mp.people.phones import read_phone
from tests import factories

# On the tests' Monday, 2026-11-23.
TEN = "20160301"
THIRTEEN = "20130601"
FIFTEEN = "20110601"


def child_id(birth: str = TEN) -> str:
    return factories.resident_id(birth=birth)


def mother(**changes: Any) -> GuardianEntry:
    """Return a guardian as typed, with a phone of her own."""
    return GuardianEntry(**{"name": "王芳", "relation": "mother", "phone": factories.phone(), **changes})


def told(kind: str, phone: str | None = None) -> list[str]:
    """Return what was written to phones under ``kind``, the latest last."""
    query = select(Message).where(Message.kind == kind).order_by(Message.id)
    if phone is not None:
        query = query.where(Message.phone_index == privacy.phone_index(read_phone(phone).number))
    return [privacy.unseal(m.body_sealed, place=Message.PLACE_BODY, row=m.uid) for m in db.session.scalars(query)]


def code_to(phone: str) -> str:
    """Return the newest guardian's code that a phone got."""
    found = re.search(r"验证码 (\d{6})", told("code.guardian", phone)[-1])
    assert found
    return found[1]
