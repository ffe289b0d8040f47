"""The private link: each person finds the own row by name and last digits, says that it is right, and takes the ticket.

Nothing is listed. Every way not to find a row has one answer, and tries are counted per name, device and network.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta

from sqlalchemy import select, update

from chengjiu_mp.core import audit, clock, limits, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.core.limits import Limit
from chengjiu_mp.courses.entry import Entry
from chengjiu_mp.courses.models import LIVE, Signup
from chengjiu_mp.courses.queries import run_with_seats
from chengjiu_mp.courses.signing_up import sign_up
from chengjiu_mp.courses.signup_queries import phone_of, ticket_token
from chengjiu_mp.lists.deciding import current_signup, name_index
from chengjiu_mp.lists.entering import owner_of
from chengjiu_mp.lists.errors import ClaimExpired, NotOnList, RowGone
from chengjiu_mp.lists.models import UnitList, UnitListRow
from chengjiu_mp.people.documents import DocType, last4
from chengjiu_mp.people.models import Person
from chengjiu_mp.people.names import NameRefused, read_name
from chengjiu_mp.people.schemas import ConsentIn
from chengjiu_mp.people.service import agreed_notices, write_consents

HANDLE_LIVES = timedelta(minutes=30)
_PLACE = "unit_list.claim"
TAIL = 4


def spend_claim_limits(of: UnitList, name: str, network: str, device_id: int | None) -> None:
    """Count one try: ten an hour for a name, because four digits are few; a staff room shares one network.

    :raise TooMany: with ``retry_after``
    """
    tries = [
        Limit(f"claim:name:{name_index(of, _as_found(name)).hex()[:40]}", 10, 3600),
        Limit(f"claim:network:{network}", 300, 600),
    ]
    if device_id is not None:
        tries.append(Limit(f"claim:device:{device_id}", 20, 600))
    limits.spend(*tries)


def _as_found(name: str) -> str:
    """Return what rows are found by: with a blank or an invisible character more it is the same name again."""
    try:
        return read_name(name).name
    except NameRefused:
        return name[:200]  # It finds nobody.


def find_row(of: UnitList, name: str, tail: str) -> UnitListRow:
    """Return the one row of this name whose document or phone ends in ``tail``; a row of a name alone needs none.

    :raise NotOnList: whatever the reason
    """
    tail = tail.strip().upper()[-TAIL:]
    rows = db.session.scalars(
        select(UnitListRow).where(
            UnitListRow.list_id == of.id, UnitListRow.name_index == name_index(of, read_name(name).name),
            UnitListRow.state != "removed",
        )
    ).all()  # fmt: skip
    fitting = [row for row in rows if _fits(row, tail)]
    if len(fitting) != 1:
        raise NotOnList(field="name")
    return fitting[0]


def handle_of(of: UnitList, row: UnitListRow) -> str:
    """Return what the next page brings back: that this browser found this row a moment ago."""
    text = json.dumps([row.id, clock.now().isoformat()])
    return base64.urlsafe_b64encode(privacy.seal(text, place=_PLACE, row=of.uid)).decode()


def row_of_handle(of: UnitList, handle: str) -> UnitListRow:
    """Return the row that was found.

    :raise ClaimExpired: half an hour later, or when it is none of ours; :raise RowGone: when it was removed meanwhile
    """
    try:
        sealed = base64.urlsafe_b64decode(handle.encode())
        row_id, at = json.loads(privacy.unseal(sealed, place=_PLACE, row=of.uid))
    except (privacy.Unsealable, binascii.Error, ValueError):
        raise ClaimExpired(field="name") from None
    if clock.now() - datetime.fromisoformat(at) > HANDLE_LIVES:
        raise ClaimExpired(field="name")
    row = db.session.get(UnitListRow, row_id)
    if row is None or row.list_id != of.id or row.state == "removed":
        raise RowGone(field="name")
    return row


def spend_row_limits(of: UnitList, handle: str) -> None:
    """Count one try to confirm or complete a row: guesses at other people's documents end with the row's hour.

    :raise ClaimExpired, RowGone: as :func:`row_of_handle`; :raise TooMany: with ``retry_after``
    """
    limits.spend(Limit(f"claim:row:{row_of_handle(of, handle).id}", 20, 3600))


def claim(of: UnitList, row: UnitListRow, consents: list[ConsentIn], device_id: int) -> str:
    """Confirm a row that has a place and give its ticket to this device; return the ticket's token.

    :raise ConsentMissing: when a notice is not agreed to; :raise RowGone: when the place has ended
    :raise NotOnList: when the ticket is on somebody else's phone already
    """
    notices = agreed_notices(consents)
    signup = current_signup(row)
    if signup is None or signup.state not in LIVE:
        raise RowGone(field="name")
    mine = db.session.execute(
        update(Signup)
        .where(Signup.id == signup.id, (Signup.device_id.is_(None)) | (Signup.device_id == device_id))
        .values(device_id=device_id)
        .returning(Signup.id)
        .execution_options(synchronize_session=False)
    ).first()
    if mine is None:
        raise NotOnList(
            "这一行已经有人确认过，入场码在那部手机上。如不是您本人，请找发链接给您的联系人。", field="name"
        )
    if _confirm(of, row):
        write_consents(db.session.get_one(Person, signup.person_id), signup, notices, "page")
    return ticket_token(signup)


def complete(of: UnitList, row: UnitListRow, entry: Entry, device_id: int) -> str:
    """Sign up a person of whom the list had the name alone, by the person's own hand; return the ticket's token.

    :raise RowGone: when somebody completed it meanwhile; :raise Refusal: as :func:`sign_up`
    """
    # The list's row ahead of the person's, as an enrolment takes them: the one with the run's places in hand and the
    # other with the person's row would wait for each other.
    db.session.execute(select(UnitList.id).where(UnitList.id == of.id).with_for_update(read=True))
    # The row is taken first: two phones with one row at once must not become two people.
    taken = db.session.execute(
        update(UnitListRow)
        .where(UnitListRow.id == row.id, UnitListRow.state == "named")
        .values(uid=UnitListRow.uid)
        .returning(UnitListRow.id)
        .execution_options(synchronize_session=False)
    ).first()
    db.session.refresh(row)
    if taken is None or row.state != "named":
        raise RowGone(field="name")
    made = sign_up(row.run_id, entry, channel="unit_link", device_id=device_id, owner=owner_of(of, row.key_group))
    row.doc_index = db.session.get_one(Person, made.signup.person_id).doc_index
    row.signup_id, row.state, row.phone_sealed = made.signup.id, "on", None
    db.session.flush()
    _confirm(of, row)
    return made.ticket_token


def facts_of(row: UnitListRow) -> dict[str, object]:
    """Return what the person may see of the own row before it is confirmed: run, state, document and phone masked."""
    signup = current_signup(row)
    found = run_with_seats(signup.run_id if signup else row.run_id)
    facts: dict[str, object] = {"run": found.run, "unit": found.unit, "signup": signup, "confirmed": row.confirmed_at}
    if signup is not None:
        person = db.session.get_one(Person, signup.person_id)
        facts |= {
            "doc_type": DocType(person.doc_type).label,
            "last4": last4(_document(person)),
            "phone": phone_of(signup),
        }
    return facts


def _fits(row: UnitListRow, tail: str) -> bool:
    ends = _tails(row)
    return tail in ends if ends else row.state == "named"


def _tails(row: UnitListRow) -> set[str]:
    """Return the last four of the document and of the phone, of what is known."""
    signup = current_signup(row)
    if signup is not None:
        person = db.session.get_one(Person, signup.person_id)
        return {_document(person)[-TAIL:], phone_of(signup)[-TAIL:]}
    if row.phone_sealed is not None:
        return {privacy.unseal(row.phone_sealed, place=UnitListRow.PLACE_PHONE, row=row.uid)[-TAIL:]}
    return set()


def _document(person: Person) -> str:
    return privacy.unseal(person.doc_sealed, place=Person.PLACE, row=person.uid)


def _confirm(of: UnitList, row: UnitListRow) -> bool:
    # Of two taps on one phone the second has waited for the first, and what it read of the row is old.
    first = db.session.execute(
        update(UnitListRow)
        .where(UnitListRow.id == row.id, UnitListRow.confirmed_at.is_(None))
        .values(confirmed_at=clock.now())
        .returning(UnitListRow.id)
        .execution_options(synchronize_session=False)
    ).first()
    db.session.refresh(row)
    if first is None:
        return False
    audit.record("unit_list.confirmed_by_person", row, unit_id=of.unit_id)
    return True
