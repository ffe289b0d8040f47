"""The phones that were proved to be a person's: taking one for another, at the desk (rulings: who owns a phone)."""

from sqlalchemy import update

from chengjiu_mp.core import audit, clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.people.models import Contact, Person
from chengjiu_mp.people.queries import live_contacts


def replace_phone(person: Person, number: str, by: str) -> list[str]:
    """Make a normalised phone the person's only contact; return the numbers that were theirs before, to be told.

    Nothing is overwritten: the old ones end. The number may be somebody else's as well (a parent's, for a child).

    :param by: how it was proved, at most 40 characters, such as "desk:12"; no personal data
    """
    # The person's row is the lock: a first phone proved at check-in meanwhile must not stay beside this one.
    db.session.execute(update(Person).where(Person.id == person.id).values(uid=person.uid))
    index, before = privacy.phone_index(number), live_contacts(person.id)
    left = [privacy.unseal(one.phone_sealed, place=Contact.PLACE, row=one.uid) for one in before]
    for one in before:
        one.ended_at = clock.now()
    db.session.flush()
    uid = ids.new_uid()
    row = Contact(
        uid=uid, person_id=person.id, phone_index=index, proved_by=by, proved_at=clock.now(),
        phone_sealed=privacy.seal(number, place=Contact.PLACE, row=uid),
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    audit.record("person.phone_replaced", person, by=by)
    return [one for one in left if one != number]
