"""A person's own data: proving whose it is, and everything that is held, composed from what each slice holds."""

from collections.abc import Sequence
from typing import Any

from chengjiu_mp.certificates import delivery, holder_photos, lookup, passes
from chengjiu_mp.certificates import queries as certificates
from chengjiu_mp.certificates.earlier import export_earlier
from chengjiu_mp.checkin import queries as checkin
from chengjiu_mp.core import audit, clock
from chengjiu_mp.core.context import Principal
from chengjiu_mp.courses import signup_queries as signups
from chengjiu_mp.exams import queries as exams
from chengjiu_mp.outbox import queries as outbox
from chengjiu_mp.people import queries as people
from chengjiu_mp.people.name_display import mask_name
from chengjiu_mp.people.names import NameRefused, read_name
from chengjiu_mp.reports.errors import NothingHeld, PhoneNotProved
from chengjiu_mp.reports.reach import Held, Holder, held_by_name


def spend_name(who: Principal, network: str) -> None:
    """Count a try at a name against the proved phone, ahead of the transaction (the look-up's own limits).

    :raise PhoneNotProved: when no phone answered a code in this sign-in; :raise TooMany: when a limit is used up
    """
    if who.account_id is None or who.phone_index is None:
        raise PhoneNotProved
    lookup.spend_name("proved", who.phone_index.hex(), network)


def pass_for(who: Principal, name: str) -> str:
    """Return a pass for the people of this name that the caller's proved phone reaches; good for half an hour.

    :raise PhoneNotProved: as above; :raise NothingHeld: nobody
    """
    if who.account_id is None or who.phone_index is None:
        raise PhoneNotProved
    try:
        holder = Holder(who.phone_index, read_name(name).name)
    except NameRefused:
        raise NothingHeld(field="name") from None
    found = held_by_name(holder, who)
    if not found:
        raise NothingHeld(field="name")
    for one in found:
        audit.record("person.looked_up", one.person, whole=one.whole)
    return passes.holder_pass(holder.phone_index, holder.name)


def export_of(held: Sequence[Held]) -> dict[str, Any]:
    """Return everything that is held of these people, each slice's own part; numbers and phones masked.

    The full document number is not sent to a phone: it is shown in person (rulings: a full number only by a reasoned,
    logged reveal).
    """
    return {"made_at": clock.now(), "people": [_person(one) for one in held]}


def _person(held: Held) -> dict[str, Any]:
    person_id, ids = held.person.id, held.signup_ids
    mine = signups.export_person(ids)
    certified = certificates.export_person(person_id, ids, whole=held.whole)
    told = {"signup": ids, "certificate": [one["id"] for one in certified]}
    names = [held.person.name if held.whole else None, *(one["name"] for one in (*certified, *mine))]
    return {
        "id": person_id, "name_masked": mask_name(next(filter(None, names), "")), "whole": held.whole,
        **people.export_person(person_id, ids, whole=held.whole), "signups": mine,
        "check_ins": checkin.export_person(ids), "results": exams.export_person(ids), "certificates": certified,
        "earlier_certificates": export_earlier(person_id, whole=held.whole),
        "papers": delivery.export_person(person_id, whole=held.whole),
        "photos": holder_photos.export_person(ids), "messages": outbox.export_person(told),
    }  # fmt: skip
