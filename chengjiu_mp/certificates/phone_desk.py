"""换手机号: somebody who lost a phone comes to the desk with the document (rulings: who owns a phone).

Staff find the holder, look at the document, and enter the new phone with a reason; a code proves it. Who is under 18
needs a second person. The old phone is told, naming neither whom nor the new one.
"""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import update

from chengjiu_mp.certificates import messages
from chengjiu_mp.certificates.desk_errors import BirthMissing, ChangeNotOpen, DocumentUnseen, OwnChange
from chengjiu_mp.certificates.phone_models import PhoneChange
from chengjiu_mp.certificates.states import reason_given
from chengjiu_mp.core import audit, clock, context, ids, limits, privacy
from chengjiu_mp.core.db import db, unit_of_work
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.outbox.service import tell
from chengjiu_mp.people.contacts import replace_phone
from chengjiu_mp.people.documents import DocType, DocumentRefused, age_on, read_document
from chengjiu_mp.people.models import Person
from chengjiu_mp.signin import codes

PURPOSE = "phone_change"
ADULT = 18
HOUR, DAY = 3600, 86400
_FORGOTTEN = {"phone_sealed": b"", "phone_index": b""}


@dataclass(frozen=True)
class NewPhone:
    """What staff enter. ``seen``: the document was held in hand; ``birth`` where its number does not tell it."""

    phone: str = field(repr=False)
    reason: str
    seen: bool
    birth: date | None = None


def spend_find(account_id: int | None) -> None:
    """Count a search, ahead of the transaction: a stolen staff session must not go through numbers.

    :raise TooMany: when the account's hour or day is used up
    """
    limits.spend(Limit(f"phone-desk:{HOUR}:{account_id}", 30, HOUR), Limit(f"phone-desk:{DAY}:{account_id}", 100, DAY))


def spend_start(person_id: int, phone: str, network: str) -> None:
    """Count a change, ahead of the transaction.

    :raise PhoneRefused, NoSms: when no code can go there; :raise TooMany: when a limit is used up
    """
    limits.spend(Limit(f"phone-change:{person_id}", 5, DAY), *codes.send_limits(phone, network))


def start(person: Person, wish: NewPhone) -> PhoneChange:
    """Keep what is to change and send the code to the new phone. An earlier one that is still open is dropped.

    :raise DocumentUnseen: nobody looked at the document; :raise ReasonMissing: fewer than two characters
    :raise BirthMissing: the number on record tells no birth date, and none was given
    :raise PhoneRefused, NoSms: no code can go there
    """
    if not wish.seen:
        raise DocumentUnseen(field="seen")
    reason, minor = reason_given(wish.reason), is_minor(person, wish.birth)
    number, uid = codes.mobile(wish.phone), ids.new_uid()
    _hold(person.id)
    db.session.execute(
        update(PhoneChange)
        .where(PhoneChange.person_id == person.id, PhoneChange.state.in_(("sent", "proved")))
        .values(state="dropped", **_FORGOTTEN)
    )
    row = PhoneChange(
        uid=uid, person_id=person.id, phone_index=privacy.phone_index(number), state="sent", minor=minor,
        phone_sealed=privacy.seal(number, place=PhoneChange.PLACE, row=uid), reason=reason, decision="",
        challenge=codes.send_code(number, PURPOSE), seen_document=person.doc_type, made_at=clock.now(),
        made_by=context.principal().account_id,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("person.phone_change_begun", row, reason=reason, minor=minor)
    return row


def prove(change_id: int, code: str) -> PhoneChange:
    """Check the code; an adult's phone changes at once, a minor's waits for the second person.

    Opens its own transactions: a wrong try must count.

    :raise ChangeNotOpen: it waits for no code any more; :raise CodeWrong: see :func:`signin.codes.prove`
    """
    row = db.session.get_one(PhoneChange, change_id)
    if row.state != "sent":
        raise ChangeNotOpen
    challenge, person_id = row.challenge, row.person_id
    index = codes.prove(challenge, code, PURPOSE)
    with unit_of_work():
        _hold(person_id)
        changed = _step(change_id, "sent", state="proved", proved_at=clock.now())
        if changed.phone_index != index:
            raise ChangeNotOpen
        if not changed.minor:
            _carry_out(_step(change_id, "proved", state="done"))
        return changed


def decide(change: PhoneChange, *, agreed: bool, reason: str = "") -> PhoneChange:
    """Let the second person agree to a minor's new phone, or refuse it with a reason.

    :raise OwnChange: the caller entered it; :raise ChangeNotOpen: it does not wait for this
    :raise ReasonMissing: refused with fewer than two characters
    """
    me = context.principal().account_id
    if change.made_by == me:
        raise OwnChange
    _hold(change.person_id)
    said = {"decided_by": me, "decided_at": clock.now(), "decision": "" if agreed else reason_given(reason)}
    row = _step(change.id, "proved", state="done" if agreed else "refused", **said)
    if agreed:
        _carry_out(row)
    else:
        audit.record("person.phone_change_refused", row, reason=row.decision)
        _forget(row)
    return row


def is_minor(person: Person, birth: date | None) -> bool:
    """Return whether the person is under 18, by the number on record, else by what stands on the document.

    :raise BirthMissing: neither tells
    """
    born = birth_on_record(person) or birth
    if born is None:
        raise BirthMissing(field="birth_date")
    return age_on(born, clock.today()) < ADULT


def birth_on_record(person: Person) -> date | None:
    """Return the birth date that the document's number tells, None for a number that tells none or was erased."""
    number = privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)
    try:
        return read_document(number, DocType(person.doc_type), today=clock.today()).birth if number else None
    except DocumentRefused:
        return None


def phone_of(change: PhoneChange) -> str:
    """Return the new number, unsealed; "" once the change is over."""
    if not change.phone_sealed:
        return ""
    return privacy.unseal(change.phone_sealed, place=PhoneChange.PLACE, row=change.uid)


def _hold(person_id: int) -> None:
    """The person's row is the lock: two desks at once follow each other, and who is erased meanwhile stays so."""
    db.session.execute(update(Person).where(Person.id == person_id).values(uid=Person.uid))


def _step(change_id: int, before: str, **values: object) -> PhoneChange:
    taken = db.session.scalar(
        update(PhoneChange)
        .where(PhoneChange.id == change_id, PhoneChange.state == before)
        .values(**values)
        .returning(PhoneChange.id)
    )
    if taken is None:
        raise ChangeNotOpen
    row = db.session.get_one(PhoneChange, change_id)
    db.session.refresh(row)
    return row


def _forget(change: PhoneChange) -> None:
    """Let go of the number: once a change is over, what is needed of it stands in the person's contact."""
    db.session.execute(update(PhoneChange).where(PhoneChange.id == change.id).values(**_FORGOTTEN))
    db.session.refresh(change)


def _carry_out(change: PhoneChange) -> None:
    person = db.session.get_one(Person, change.person_id)
    left = replace_phone(person, phone_of(change), f"desk:{change.id}")
    for place, old in enumerate(left):
        tell(
            "certificate.phone_left", dedupe_key=f"phone_change:{change.id}:left:{place}", body=messages.phone_left(),
            phone=old, about=change,
        )  # fmt: skip
    _forget(change)
