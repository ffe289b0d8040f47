"""Guardians of children under 14: named once in a form, asked by their own phone or on paper, free to take it back.

Personal Information Protection Law, art. 28, 29 and 31: a separate consent to a text made for children.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound, Refusal
from chengjiu_mp.people.errors import (
    ConsentMissing,
    GuardianConsentEnded,
    NotTheGuardian,
    PaperReferenceMissing,
    RelationMissing,
)
from chengjiu_mp.people.models import GuardianConsent, Notice, Person
from chengjiu_mp.people.names import NameReading, read_name
from chengjiu_mp.people.phones import PhoneReading, read_phone
from chengjiu_mp.people.queries import guardian_notice

RELATIONS = {"mother": "母亲", "father": "父亲", "grandparent": "（外）祖父母", "other": "其他监护人"}
FIELD = "guardian"


@dataclass(frozen=True)
class GuardianEntry:
    """A guardian as typed, once for all children of a form."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True)
class GuardianReading:
    """A guardian as understood."""

    name: NameReading
    relation: str
    phone: PhoneReading


def read_guardian(entry: GuardianEntry) -> tuple[GuardianReading | None, list[Refusal]]:
    """Return who the guardian is, or None and everything that is to be corrected; fields begin with "guardian."."""
    refused: list[Refusal] = []
    name: NameReading | None = None
    phone: PhoneReading | None = None
    try:
        name = read_name(entry.name)
    except Refusal as refusal:
        refused.append(refusal)
    if entry.relation not in RELATIONS:
        refused.append(RelationMissing(field="relation"))
    try:
        phone = read_phone(entry.phone)
    except Refusal as refusal:
        refused.append(refusal)
    for one in refused:
        one.field = f"{FIELD}.{one.field}"
    if name is None or phone is None or refused:
        return None, refused
    return GuardianReading(name, entry.relation, phone), []


def ask_guardian(children: Sequence[Person], guardian: GuardianReading, channel: str) -> list[GuardianConsent]:
    """Return what is asked of the guardian, one row for each child, not given yet; one token opens them all."""
    notice, token = guardian_notice(), ids.new_token()
    rows = [_asked(child, guardian, token, channel) for child in children]
    for row in rows:
        row.notice_id, row.text_sha256 = notice.id, notice.sha256
    db.session.add_all(rows)
    db.session.flush()
    for row in rows:
        audit.record("guardian.asked", row, channel=channel)
    return rows


def _asked(child: Person, guardian: GuardianReading, token: str, channel: str) -> GuardianConsent:
    uid, number = ids.new_uid(), guardian.phone.number
    return GuardianConsent(
        uid=uid, person_id=child.id, relation=guardian.relation, channel=channel,
        name_sealed=privacy.seal(guardian.name.name, place=GuardianConsent.PLACE_NAME, row=uid),
        phone_index=privacy.phone_index(number),
        phone_sealed=privacy.seal(number, place=GuardianConsent.PLACE_PHONE, row=uid),
        token_hash=ids.token_hash(token),
        token_sealed=privacy.seal(token, place=GuardianConsent.PLACE_LINK, row=uid),
    )  # fmt: skip


def asked_under(token: str) -> Sequence[GuardianConsent]:
    """Return what a guardian was asked in one form, child by child.

    :raise NotFound: when no page of a guardian has this token
    """
    if not ids.looks_like_token(token):
        raise NotFound
    found = db.session.scalars(
        select(GuardianConsent).where(GuardianConsent.token_hash == ids.token_hash(token)).order_by(GuardianConsent.id)
    ).all()
    if not found:
        raise NotFound
    return found


def asked_of_phone(phone_index: bytes) -> Sequence[GuardianConsent]:
    """Return what the guardian with this phone was asked and has neither given nor taken back, the newest first."""
    waits = GuardianConsent.given_at.is_(None), GuardianConsent.withdrawn_at.is_(None)
    query = select(GuardianConsent).where(GuardianConsent.phone_index == phone_index, *waits)
    return db.session.scalars(query.order_by(GuardianConsent.id.desc()).limit(40)).all()


def guardian_token(consent: GuardianConsent) -> str:
    return privacy.unseal(consent.token_sealed, place=GuardianConsent.PLACE_LINK, row=consent.uid)


def guardian_phone(consent: GuardianConsent) -> str:
    return privacy.unseal(consent.phone_sealed, place=GuardianConsent.PLACE_PHONE, row=consent.uid)


def guardian_name(consent: GuardianConsent) -> str:
    return privacy.unseal(consent.name_sealed, place=GuardianConsent.PLACE_NAME, row=consent.uid)


def agree(consents: Sequence[GuardianConsent], proved: bytes, version: int | None) -> None:
    """Write that the guardian agreed to the text in force; saying it again changes nothing.

    :param proved: the index of the phone that a code was sent to and came back from
    :param version: of the text that was read and ticked
    :raise ConsentMissing: when that is not the text in force; :raise NotTheGuardian: on another phone's code
    :raise GuardianConsentEnded: after a withdrawal
    """
    if any(one.phone_index != proved for one in consents):
        raise NotTheGuardian(field="code")
    notice, now = notice_agreed(version), clock.now()
    for one in consents:
        _give(one, phone_proved_at=now, notice_id=notice.id, text_sha256=notice.sha256)


def notice_agreed(version: int | None) -> Notice:
    """Return the text in force when it is the one that was read and ticked.

    :raise ConsentMissing: otherwise
    """
    notice = guardian_notice()
    if version != notice.version:
        raise ConsentMissing(f"请先看过《{notice.title}》，再勾选同意。", field="consent", purposes=[notice.purpose])
    return notice


def agree_on_paper(consent: GuardianConsent, reference: str) -> None:
    """Write that a signed paper is in the office's hands; ``reference`` finds it again.

    :raise PaperReferenceMissing: without one; :raise GuardianConsentEnded: after a withdrawal
    """
    if not reference.strip():
        raise PaperReferenceMissing(field="reference")
    _give(consent, paper_reference=reference.strip()[:60], channel="desk")


def _give(consent: GuardianConsent, **proof: object) -> None:
    given = db.session.execute(
        update(GuardianConsent)
        .where(GuardianConsent.id == consent.id, GuardianConsent.given_at.is_(None))
        .values(given_at=clock.now(), **proof)
        .returning(GuardianConsent.id)
    ).first()
    db.session.refresh(consent)
    if consent.withdrawn_at is not None:
        raise GuardianConsentEnded
    if given:
        by = "paper" if "paper_reference" in proof else "code"
        audit.record("guardian.agreed", consent, by=by)


def take_back(consents: Sequence[GuardianConsent]) -> list[GuardianConsent]:
    """Return what ended by this: given before, and withdrawn from now on. A second call finds nothing."""
    ended = []
    for one in consents:
        row = db.session.execute(
            update(GuardianConsent)
            .where(
                GuardianConsent.id == one.id, GuardianConsent.given_at.is_not(None),
                GuardianConsent.withdrawn_at.is_(None),
            )
            .values(withdrawn_at=clock.now())
            .returning(GuardianConsent.id)
        ).first()  # fmt: skip
        db.session.refresh(one)
        if row:
            audit.record("guardian.withdrawn", one)
            ended.append(one)
    return ended


def is_live(consent: GuardianConsent | None) -> bool:
    """Return whether a guardian's word stands."""
    return consent is not None and consent.given_at is not None and consent.withdrawn_at is None
