"""The paper's way by JSON: its holder chooses with a look-up's key, the office that posts it with its account."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from chengjiu_mp.certificates import delivery
from chengjiu_mp.certificates.delivery_models import Delivery
from chengjiu_mp.certificates.models import Certificate
from chengjiu_mp.certificates.printing import Of
from chengjiu_mp.core.db import db
from tests import factories, issued, printings
from tests.certificates.test_printing import clerk

MAIL = {"way": "mail", "name": "张三", "phone": "13900000001", "address": "江阴市澄江街道虹桥路 1 号"}


def address(one: int) -> str:
    return f"/api/v1/certificates/{one}/paper"


def put(client: FlaskClient, one: int, headers: Any = None, **body: Any) -> Any:
    reply = client.put(address(one), json=body, headers=headers or {})
    db.session.remove()
    return reply


def kept(one: int) -> Delivery:
    return db.session.scalars(select(Delivery).where(Delivery.certificate_id == one)).one()


def test_the_holder_chooses_and_nobody_else(client: FlaskClient) -> None:
    mine, others = issued.issue("张三", "李四")
    one, other, key = mine.id, others.id, issued.key_of(mine)
    assert client.get(f"{address(one)}?key={key}").json == {
        "way": "electronic", "state": None, "open": True, "tracking": None, "has_address": False,
    }  # fmt: skip
    chosen = put(client, one, key=key, **MAIL)
    assert (chosen.status_code, chosen.json["way"], chosen.json["state"]) == (200, "mail", "chosen")
    assert chosen.json["has_address"] is True and "虹桥路" not in chosen.text
    row = kept(one)
    assert (row.chosen_by, delivery.address_of(row)) == (None, printings.HOME)
    assert put(client, one, key=key, way="pickup").json["has_address"] is False
    for refused in (put(client, one, way="mail"), put(client, other, key=key, way="pickup")):
        assert refused.status_code == 404


@pytest.mark.parametrize(
    ("change", "field"), [({"phone": "12"}, "phone"), ({"address": "路"}, "address"), ({"name": ""}, "name")]
)
def test_what_the_post_cannot_use_is_said_at_its_field(client: FlaskClient, change: dict, field: str) -> None:
    (mine,) = issued.issue("张三")
    reply = put(client, mine.id, key=issued.key_of(mine), **{**MAIL, **change})
    assert reply.status_code in (409, 422) and field in reply.text
    assert db.session.scalars(select(Delivery)).all() == []


@pytest.mark.parametrize(
    ("role", "unit", "grant", "status"),
    [
        ("operator", None, {}, 200), ("operator", None, {"read_only": True}, 404), ("unit_manager", "chengjiang", {}, 404),
        ("auditor", None, {}, 404),
    ],
)  # fmt: skip
def test_the_office_that_posts_it_chooses_for_a_holder(
    client: FlaskClient, role: str, unit: str | None, grant: dict, status: int
) -> None:
    one = issued.issue("张三")[0].id
    with factories.made():
        headers = factories.bearer(role, unit, **grant)
    assert put(client, one, headers, way="pickup").status_code == status
    assert client.get(address(one), headers=headers).status_code == 200


def test_it_is_too_late_once_it_is_printed(client: FlaskClient) -> None:
    one = printings.drawn("张三")[0]
    one_id, run_id, key = one.id, one.run_id, issued.key_of(one)
    put(client, one_id, key=key, way="pickup")
    printings.printed(Of(run_id), clerk())
    late = put(client, one_id, key=key, way="electronic")
    assert (late.status_code, late.json["code"]) == (409, "paper_under_way")
    shown = client.get(f"{address(one_id)}?key={key}").json or {}
    assert (shown["state"], shown["open"]) == ("printed", False)
    assert db.session.get_one(Certificate, one_id).state == "issued"
