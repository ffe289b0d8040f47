"""查看、撤回、删除 of one's own data over the API, and that everything else still stands afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.core import audit, clock, context, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import AuditEntry
from chengjiu_mp.courses.models import SeatPool, Signup
from chengjiu_mp.outbox.delivery import deliver
from chengjiu_mp.outbox.models import Delivery, Message
from chengjiu_mp.people.models import Consent, Contact, Person
from chengjiu_mp.people.service import prove_phone
from chengjiu_mp.signin import service
from tests import factories, invariants, issued, signups


def token_of(phone: str) -> dict[str, str]:
    """Sign a phone in by code, as the API does after the code fitted, and return the headers."""
    index = privacy.phone_index(phone)
    with unit_of_work():
        token, _ = service.open_bearer(service.account_of_phone(index).id, index)
    return {"Authorization": f"Bearer {token}"}


def passed(client: Any, headers: dict[str, str], name: str = "张三") -> str:
    reply = client.post("/api/v1/me/pass", json={"name": name}, headers=headers)
    assert reply.status_code == 201, reply.text
    return reply.json["pass_token"]


def own(client: Any, headers: dict[str, str], token: str = "") -> list[dict[str, Any]]:
    return client.get(f"/api/v1/me/data?pass={token}", headers=headers).json["people"]


def erase(client: Any, headers: dict[str, str], token: str = "", **more: Any) -> Any:
    return client.post("/api/v1/me/erasure", json={"confirm": True, "pass": token, **more}, headers=headers)


@pytest.fixture
def run(app):
    with factories.made():
        return factories.run(capacity=1)


@pytest.fixture
def phone() -> str:
    return factories.phone()


def fresh(row: Any) -> Any:
    db.session.rollback()
    return db.session.get_one(type(row), row.id, populate_existing=True)
