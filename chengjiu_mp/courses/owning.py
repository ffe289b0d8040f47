"""Whom a sign-up counts for: frozen from the run, and in an open run chosen once by a tap after the ticket."""

from sqlalchemy import update

from chengjiu_mp.core import audit
from chengjiu_mp.core.db import db
from chengjiu_mp.courses.errors import OwnerFixed, UnknownChoice
from chengjiu_mp.courses.models import LIVE, CourseRun, Signup
from chengjiu_mp.units.models import KEY_GROUPS, Unit

# The unit's list or link has said it already.
_SAID = ("import", "unit_link")


def may_choose_owner(signup: Signup, run: CourseRun) -> bool:
    """Return whether the ticket's holder is still asked: an open run, a live place, nobody checked in yet."""
    asked = run.open_to_all and run.state == "published" and signup.channel not in _SAID
    return asked and signup.state in LIVE and signup.outcome is None


def choose_owner(signup: Signup, run: CourseRun, unit_id: int, key_group: str) -> Signup:
    """Write the unit and the key group that the holder chose; every count reads them from here.

    :raise OwnerFixed: when it is not asked any more; :raise UnknownChoice: with the field
    """
    if not may_choose_owner(signup, run):
        raise OwnerFixed
    unit = db.session.get(Unit, unit_id)
    if unit is None or not unit.active:
        raise UnknownChoice(field="unit_id")
    if key_group not in KEY_GROUPS:
        raise UnknownChoice(field="key_group")
    before = {"unit": signup.owner_unit_id, "key_group": signup.key_group}
    # Whoever checks this person in writes the outcome; after that the count has begun and stays as it is.
    changed = db.session.execute(
        update(Signup)
        .where(Signup.id == signup.id, Signup.outcome.is_(None))
        .values(owner_unit_id=unit.id, key_group=key_group)
        .returning(Signup.id)
    ).first()
    if changed is None:
        raise OwnerFixed
    db.session.refresh(signup)
    after = {"unit": unit.id, "key_group": key_group}
    audit.record("signup.owner_chosen", signup, unit_id=run.unit_id, before=before, after=after)
    return signup
