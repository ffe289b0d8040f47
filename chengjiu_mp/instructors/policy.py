"""Who may see and change the register: staff by unit, and each instructor their own line."""

from sqlalchemy import ColumnElement, select, true

from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.instructors.models import Instructor
from chengjiu_mp.units.policy import OFFICE_ROLES, open_units

EDITORS = frozenset({"operator"})


def instructors_visible_to(who: Principal, *, writing: bool = False) -> ColumnElement[bool]:
    """Return the condition on Instructor that leaves what the caller's unit grants open.

    :param writing: for changes: operators' grants alone, and none that only reads
    """
    held = open_units(who, EDITORS if writing else OFFICE_ROLES, writing=writing)
    return true() if held is None else Instructor.unit_id.in_(held)


def instructor_for(who: Principal, instructor_id: int, *, writing: bool = False) -> Instructor:
    """Return an instructor in the caller's scope; for a change the row is locked.

    :raise NotFound: when missing or out of scope; both look alike
    """
    query = select(Instructor).where(Instructor.id == instructor_id, instructors_visible_to(who, writing=writing))
    row = db.session.scalars(query.with_for_update() if writing else query).first()
    if row is None:
        raise NotFound
    return row


def own_line(who: Principal) -> Instructor:
    """Return the caller's own line in the register.

    :raise NotFound: when the account is nobody's there
    """
    row = db.session.scalars(select(Instructor).where(Instructor.account_id == who.account_id)).first()
    if row is None or who.account_id is None:
        raise NotFound
    return row
