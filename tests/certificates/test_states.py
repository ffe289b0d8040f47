"""What a certificate is worth, and the two verbs after issue."""

from datetime import date, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from chengjiu_mp.certificates import states
from chengjiu_mp.certificates.errors import NotStanding, ReasonMissing, SameName
from chengjiu_mp.certificates.models import Certificate, CertificateVersion
from chengjiu_mp.certificates.queries import certificate_by_token, newest_of
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.models import Job
from chengjiu_mp.people.models import Attainment
from tests import issued

LAST = date(2027, 9, 15)


@pytest.mark.parametrize(
    ("state", "version", "today", "word"),
    [
        ("issued", 1, date(2027, 9, 15), "valid"), ("issued", 1, date(2027, 9, 16), "expired"),
        ("revoked", 1, date(2027, 9, 1), "revoked"), ("revoked", 1, date(2028, 1, 1), "revoked"),
        ("issued", 0, date(2027, 9, 1), "corrected"), ("revoked", 0, date(2027, 9, 1), "revoked"),
        ("superseded", 1, date(2028, 1, 1), "corrected"),
    ],
)  # fmt: skip
def test_a_state_in_public_words(state: str, version: int, today: date, word: str) -> None:
    one = Certificate(state=state, valid_until=LAST)
    assert states.state_of(one, CertificateVersion(version=version), 1, today) == word


def test_valid_through_the_end_of_the_day_in_shanghai(app: Flask, frozen) -> None:
    code = issued.token(issued.issue()[0])
    frozen.now = datetime.fromisoformat("2029-11-23T23:59:59+08:00")
    assert certificate_by_token(code).state == "valid"  # type: ignore[union-attr]
    frozen.now = datetime.fromisoformat("2029-11-24T00:00:00+08:00")
    assert certificate_by_token(code).state == "expired"  # type: ignore[union-attr]


def revoke(one: Certificate, reason: str = "成绩登记有误") -> None:
    with unit_of_work():
        states.revoke(db.session.get_one(Certificate, one.id), reason)


def test_a_revocation_has_its_day_and_ends_the_attainment(app: Flask) -> None:
    one = issued.issue()[0]
    revoke(one)
    seen = newest_of(one.id)
    assert (seen.state, seen.certificate.revoked_on) == ("revoked", date(2026, 11, 23))
    assert db.session.scalar(select(Attainment.ended_at)) is not None


def test_a_revoked_certificate_is_final(app: Flask) -> None:
    one = issued.issue()[0]
    revoke(one)
    with pytest.raises(NotStanding):
        revoke(one)
    with pytest.raises(NotStanding), unit_of_work():
        states.correct_name(one, "张珊", "录错")


@pytest.mark.parametrize("reason", ["", " 。 "])
def test_a_revocation_needs_a_reason(app: Flask, reason: str) -> None:
    with pytest.raises(ReasonMissing):
        revoke(issued.issue()[0], reason)


def test_a_corrected_name_is_a_new_version_under_the_same_number(app: Flask) -> None:
    one = issued.issue("张三")[0]
    old = issued.token(one)
    with unit_of_work():
        states.correct_name(db.session.get_one(Certificate, one.id), "张珊", "与证件核对")
    new = newest_of(one.id)
    assert (new.certificate.number, new.version.version, new.version.name, new.state) == (
        one.number,
        2,
        "张珊",
        "valid",
    )
    past = certificate_by_token(old)
    assert past is not None
    assert (past.state, past.version.name) == ("corrected", "张三")
    assert len(db.session.scalars(select(Job).where(Job.kind == "certificates.render")).all()) == 2


def test_the_same_name_is_no_correction(app: Flask) -> None:
    one = issued.issue("张三")[0]
    with pytest.raises(SameName), unit_of_work():
        states.correct_name(one, " 张三 ", "录错")
