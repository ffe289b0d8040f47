"""A sign-up's personal data made unreadable; the row stays for the counts."""

from collections.abc import Collection
from contextlib import suppress

from sqlalchemy import select
from sqlalchemy.orm import aliased

from chengjiu_mp.core import clock, ids, privacy
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.errors import CannotWithdraw
from chengjiu_mp.courses.models import LIVE, Signup
from chengjiu_mp.courses.withdrawing import withdraw
from chengjiu_mp.people.erasing import erase_guardians, no_index
from chengjiu_mp.people.name_display import ERASED_NAME

# Behind every letter and every pinyin.
_LAST = "~"


def give_places_back(signup_ids: Collection[int]) -> int:
    """Withdraw what is live and has not begun; return how many places came free.

    A training that has begun keeps its place: whoever is on its way there is only nameless from now on.
    """
    # By run, so that two erasures that meet take the pools' rows in one order.
    live = select(Signup).where(Signup.id.in_(signup_ids), Signup.state.in_(LIVE)).order_by(Signup.run_id, Signup.id)
    ended = 0
    for signup in db.session.scalars(live).all():
        with suppress(CannotWithdraw):
            ended += withdraw(signup).state == "withdrawn"
    return ended


def with_moved(signup_ids: Collection[int]) -> tuple[int, ...]:
    """Return these and what they were moved to while somebody waited for their runs' places, with the same phone."""
    was = aliased(Signup)
    query = (
        select(Signup.id)
        .join(was, was.id == Signup.moves_from_id)
        .where(was.id.in_(signup_ids), Signup.phone_index == was.phone_index, Signup.erased_at.is_(None))
    )
    return tuple(sorted({*signup_ids, *db.session.scalars(query)}))


def erase_signups(signup_ids: Collection[int]) -> int:
    """Erase name, phone and ticket of sign-ups; return how many were not erased before."""
    query = select(Signup).where(Signup.id.in_(signup_ids), Signup.erased_at.is_(None)).order_by(Signup.id)
    rows = db.session.scalars(query.with_for_update()).all()
    for row in rows:
        _erase(row)
    # A guardian was asked for one child and one form: their name and phone go with the child's sign-up.
    erase_guardians({row.guardian_consent_id for row in rows if row.guardian_consent_id is not None})
    db.session.flush()
    return len(rows)


def _erase(row: Signup) -> None:
    # A token that nobody was given: the old link ends, and whatever reads tickets still finds a whole one.
    token = ids.new_token()
    row.erased_at = clock.now()
    row.name = row.name_raw = ERASED_NAME
    row.latin_surname = row.latin_given = None
    row.sort_key, row.note, row.warnings = _LAST, "", []
    row.phone_index, row.phone_sealed = no_index(), privacy.seal("", place=Signup.PLACE_PHONE, row=row.uid)
    row.ticket_hash = ids.token_hash(token)
    row.ticket_sealed = privacy.seal(token, place=Signup.PLACE_TICKET, row=row.uid)
    row.device_id = None
