"""Makers for tests of one's own data: a phone that signs in by code, and what is left of people in the tables."""

from typing import Any

from sqlalchemy import select

from chengjiu_mp.core import privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.outbox.models import Message
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.name_display import ERASED_NAME
from chengjiu_mp.people.service import prove_phone
from chengjiu_mp.signin import service

Headers = dict[str, str]


def signed_in(phone: str) -> Headers:
    """Return the headers of a token that a code to ``phone`` opened."""
    index = privacy.phone_index(phone)
    with unit_of_work():
        token, _ = service.open_bearer(service.account_of_phone(index).id, index)
    return {"Authorization": f"Bearer {token}"}


def passed(client: Any, headers: Headers, name: str = "张三") -> str:
    reply = client.post("/api/v1/me/pass", json={"name": name}, headers=headers)
    assert reply.status_code == 201, reply.text
    return str(reply.json["pass_token"])


def own(client: Any, headers: Headers, token: str = "") -> list[dict[str, Any]]:
    """Return the people that the API tells of."""
    found: list[dict[str, Any]] = client.get(f"/api/v1/me/data?pass={token}", headers=headers).json["people"]
    return found


def prove(signup: Signup, phone: str) -> None:
    with unit_of_work():
        prove_phone(db.session.get_one(Person, signup.person_id), phone, "test")


def again(row: Any) -> Any:
    """Return the row as it is committed now."""
    db.session.rollback()
    return db.session.get_one(type(row), row.id, populate_existing=True)


def opened(row: Signup) -> tuple[str, str]:
    """Return (name, phone) of a sign-up as staff could read them."""
    row = again(row)
    return row.name, privacy.unseal(row.phone_sealed, place=Signup.PLACE_PHONE, row=row.uid)


GONE = (ERASED_NAME, "")


def document_of(person_id: int) -> str:
    db.session.rollback()
    person = db.session.get_one(Person, person_id, populate_existing=True)
    return privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)


def texts_about(signup: Signup) -> list[str]:
    """Return the bodies of the messages about a sign-up."""
    db.session.rollback()
    rows = db.session.scalars(select(Message).where(Message.subject_type == "signup", Message.subject_id == signup.id))
    return [privacy.unseal(row.body_sealed, place=Message.PLACE_BODY, row=row.uid) for row in rows]


def contacts_of(person_id: int) -> list[Contact]:
    db.session.rollback()
    return list(db.session.scalars(select(Contact).where(Contact.person_id == person_id)))
