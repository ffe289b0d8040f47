"""Whose messages a member of staff may see, and whose they may act on."""

from sqlalchemy import ColumnElement, false, or_, true

from chengjiu_mp.core.context import Principal
from chengjiu_mp.outbox.models import Message

READERS = ("unit_manager", "operator", "approver", "auditor")
CALLERS = ("unit_manager", "operator", "approver")


def messages_visible_to(caller: Principal, *, writing: bool = False) -> ColumnElement[bool]:
    """Return the condition on Message: everything for a grant without limits, else its units' messages.

    A grant over a sector or a key group alone opens none: a message belongs to a unit.
    """
    roles = CALLERS if writing else READERS
    grants = [g for g in caller.grants if g.role in roles and not (writing and g.read_only)]
    if any(g.unit_ids is None and g.sector_id is None and g.key_group is None for g in grants):
        return true()
    units = frozenset[int]().union(*(g.unit_ids or () for g in grants))
    return or_(Message.unit_id.in_(units), false())
