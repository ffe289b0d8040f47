"""Which lists a caller may open: those of the units in scope, for the liaison and the operator."""

from sqlalchemy import ColumnElement, false, select, true

from chengjiu_mp.core.context import Principal
from chengjiu_mp.core.db import db
from chengjiu_mp.core.errors import NotFound
from chengjiu_mp.lists.models import UnitList
from chengjiu_mp.units.policy import open_units

LISTING_ROLES = ("unit_manager", "operator")


def lists_visible_to(who: Principal, *, writing: bool = False) -> ColumnElement[bool]:
    """Return the condition on UnitList that leaves what ``who`` may see, or change."""
    units = open_units(who, LISTING_ROLES, writing=writing)
    if units is None:
        return true()
    return UnitList.unit_id.in_(units) if units else false()


def may_change(who: Principal, of: UnitList) -> bool:
    """Return whether the caller may change a list. Whoever only reads is shown neither its private link nor tickets:
    both open what their holders may do.
    """
    scope = open_units(who, LISTING_ROLES, writing=True)
    return scope is None or of.unit_id in scope


def list_for(who: Principal, list_id: int, *, writing: bool = False) -> UnitList:
    """Return a list in the caller's scope.

    :raise NotFound: when it is missing or out of scope; both look alike
    """
    found = db.session.scalars(
        select(UnitList).where(UnitList.id == list_id, lists_visible_to(who, writing=writing))
    ).first()
    if found is None:
        raise NotFound
    return found
